"""Reading the files of an engineer: values with the marks of where they stand, and mistakes told at those marks.

    files, marks, table     text of a file → nodes that know their line and column
    secrets                 `${env:NAME}` and `${file:path}` in nodes → what they refer to
    build                   node + model → instance, or problems at the right marks
    shape, wording          what a model expects at a place; what pydantic finds wrong → what to write instead
    installation            parkline.yaml
    parkfile, calendars     park.yaml
    linefile, signals       line files and tag lists
    rules, units            what the keys of a signal mean together
    problems                a mistake, its place, and the nearest right word
    schema                  the same models as JSON Schemas, for editors

`collector.load` puts them together and is what others call.
"""
