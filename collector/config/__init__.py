"""Reading the files of an engineer: values with the marks of where they stand, and mistakes told at those marks.

    marks, table      text of a file → nodes that know their line and column
    secrets           `${env:NAME}` and `${file:path}` in nodes → what they refer to
    build             node + model → instance, or problems at the right marks
    wording           what pydantic finds wrong → what to write instead
    installation, parkfile, linefile     the three kinds of file
    schemas           the same models as JSON Schemas, for editors

`collector.load` puts them together; nothing else imports this folder.
"""
