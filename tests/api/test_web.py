"""The page's words: each that it says is there in both languages, and so is each that the API has."""

import re
from typing import Final, get_args

from adapters.sources.contract import FilledBy, GapKind
from analytics.lifecycle import AlarmState, EventKind
from api.routes.page import WEB
from api.views.gaps import GapView
from api.views.sources import SourceView
from collector.park import EquipmentState, Severity

_SCRIPTS: Final = {file.name: file.read_text(encoding="utf-8") for file in WEB.glob("*.js")}
_SHEETS: Final = "".join(file.read_text(encoding="utf-8") for file in WEB.glob("*.css"))
_TOLD: Final = ("words.js", "alertwords.js")
_WORD: Final = re.compile(r'^  "([\w.]+)": \[\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*"),?\s*\],$', re.MULTILINE)
_WORDS: Final = {key: (english, chinese) for name in _TOLD for key, english, chinese in _WORD.findall(_SCRIPTS[name])}
_ENUMERATED: Final = (AlarmState, EventKind, Severity, EquipmentState, GapKind, FilledBy)
_OF_API: Final = {str(one) for kind in _ENUMERATED for one in kind} | {
    state for view in (SourceView, GapView) for state in get_args(view.model_fields["state"].annotation)
}


def test_every_word_that_is_said_is_there() -> None:
    said = {key for text in _SCRIPTS.values() for key in re.findall(r'\bsay\(\s*"([\w.]+)"', text)}
    assert len(said) > 80
    assert said - _WORDS.keys() == set()
    assert len(_WORDS) == sum(
        len(re.findall(r'^  "', _SCRIPTS[name], re.MULTILINE)) for name in ("words.js", "alertwords.js")
    )


def test_every_word_is_said() -> None:
    said = {key for name, text in _SCRIPTS.items() if name not in _TOLD for key in _said(text)}
    assert _WORDS.keys() - said == set()


def _said(text: str) -> set[str]:
    """Give what a script says: by name, as a table's columns, or by a value that the API, it or its imports name."""
    said = set(re.findall(r'"([\w.]+)"', text))
    for table, columns in re.findall(r'\btable\("(\w+)", \[([^\]]*)\]', text):
        said |= {f"{table}.{column}" for column in re.findall(r'"(\w+)"', columns)}
    imported = set(re.findall(r'^import .* from "\./([\w.]+)";$', text, re.MULTILINE)).difference(_TOLD)
    near = "".join([text, *(_SCRIPTS[name] for name in imported)])
    values = _OF_API.union(re.findall(r'"(\w+)"', near), re.findall(r"^  (\w+): ", near, re.MULTILINE))
    for before, after in re.findall(r"`([\w.]+\.)\$\{[^`{}]+\}([\w.]*)`", text):
        said |= {f"{before}{value}{after}" for value in values}
    return said


def test_both_languages_have_the_same_blanks() -> None:
    for key, (english, chinese) in _WORDS.items():
        assert sorted(re.findall(r"\{\d\}", english)) == sorted(re.findall(r"\{\d\}", chinese)), key


def test_everything_that_the_api_names_has_words_and_priorities_a_colour() -> None:
    wanted = {f"alarm.{one}" for one in AlarmState} | {f"alarm.{one}.why" for one in AlarmState}
    wanted |= {f"event.{one}" for one in EventKind} | {f"severity.{one}" for one in Severity}
    wanted |= {f"state.{one}" for one in EquipmentState} | {f"gap.kind.{one}" for one in GapKind}
    assert wanted - _WORDS.keys() == set()
    assert [one for one in Severity if f".severity.{one}" not in _SHEETS] == []
