"""The page's words: each that it says is there in both languages, and so is each that the API has."""

import re
from typing import Final

from adapters.sources.contract import GapKind
from analytics.lifecycle import AlarmState, EventKind
from api.routes.page import WEB
from collector.park import EquipmentState, Severity

_SCRIPTS: Final = {file.name: file.read_text(encoding="utf-8") for file in WEB.glob("*.js")}
_SHEETS: Final = "".join(file.read_text(encoding="utf-8") for file in WEB.glob("*.css"))
_TOLD: Final = ("words.js", "alertwords.js")
_WORD: Final = re.compile(r'^  "([\w.]+)": \[\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*"),?\s*\],$', re.MULTILINE)
_WORDS: Final = {key: (english, chinese) for name in _TOLD for key, english, chinese in _WORD.findall(_SCRIPTS[name])}


def test_every_word_that_is_said_is_there() -> None:
    said = {key for text in _SCRIPTS.values() for key in re.findall(r'\bsay\(\s*"([\w.]+)"', text)}
    assert len(said) > 80
    assert said - _WORDS.keys() == set()
    assert len(_WORDS) == sum(
        len(re.findall(r'^  "', _SCRIPTS[name], re.MULTILINE)) for name in ("words.js", "alertwords.js")
    )


def test_both_languages_have_the_same_blanks() -> None:
    for key, (english, chinese) in _WORDS.items():
        assert sorted(re.findall(r"\{\d\}", english)) == sorted(re.findall(r"\{\d\}", chinese)), key


def test_everything_that_the_api_names_has_words_and_priorities_a_colour() -> None:
    wanted = {f"alarm.{one}" for one in AlarmState} | {f"alarm.{one}.why" for one in AlarmState}
    wanted |= {f"event.{one}" for one in EventKind} | {f"severity.{one}" for one in Severity}
    wanted |= {f"state.{one}" for one in EquipmentState} | {f"gap.kind.{one}" for one in GapKind}
    assert wanted - _WORDS.keys() == set()
    assert [one for one in Severity if f".severity.{one}" not in _SHEETS] == []
