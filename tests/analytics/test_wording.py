"""Wording: every note and every reason in both languages."""

import re
from pathlib import Path
from string import Formatter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.contract import GapKind
from analytics import notes, wording
from analytics.reports import capacity
from analytics.touched import Cause
from analytics.wording import CAUSES, GAP_KINDS, GAP_STATES, NOTES, NoteText, because, in_language, translated
from collector.gaps import FILLED, OPEN, UNFILLABLE
from tests.analytics.plant import EXAMPLES

CHINESE = re.compile("[\u4e00-\u9fff]")
VALUES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="{}`"), min_size=1, max_size=20)
ids = pytest.mark.parametrize("text", NOTES, ids=lambda text: text.en[:30])


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_modules_that_write_notes_take_every_text_from_here() -> None:
    """A note written elsewhere would have one language."""
    for module in (notes, capacity):
        assert module.__file__
        code = Path(module.__file__).read_text(encoding="utf-8")
        assert not re.findall(
            r"pl\.lit\(f?\"[^\"]+ [^\"]+\"\)|pl\.format\(\"[^\"]+ [^\"]+\"", code.replace('" and {} more"', "")
        )


@ids
def test_every_note_has_both_languages_with_the_same_values(text: NoteText) -> None:
    assert CHINESE.search(text.zh)
    assert not CHINESE.search(text.en)
    assert places(text.zh) == places(text.en)
    assert set(re.findall(r"`[^`{]+`", text.zh)) >= set(re.findall(r"`role: \w+`", text.en))


@ids
@EXAMPLES
@given(data=st.data())
def test_a_stored_note_is_told_in_chinese_with_its_values(text: NoteText, data: st.DataObject) -> None:
    values = {name: data.draw(VALUES, label=name) for name in sorted(places(text.en))}
    stored = text.of(**values)
    assert in_language(stored, "en") == stored
    assert in_language(stored, "zh") == text.zh.format(**values)
    columns = pl.DataFrame({name: [value] for name, value in values.items()} or {"": [""]})
    made = columns.select(text.expression(**{name: pl.col(name) for name in values}) if values else pl.lit(stored))
    assert made.item() == stored


def test_every_cause_has_both_languages() -> None:
    assert list(CAUSES) == [cause.value for cause in Cause]
    assert all(CHINESE.search(text) for text in CAUSES.values())
    assert because("late samples, gap filled", "zh") == "数据迟到、缺口已补齐"
    assert because("late samples, gap filled", "en") == "late samples, gap filled"
    assert because("", "zh") == ""


def test_every_kind_and_state_of_a_gap_has_both_languages() -> None:
    assert set(GAP_KINDS) == {kind.value for kind in GapKind}
    assert set(GAP_STATES) == {OPEN, FILLED, UNFILLABLE}


def test_products_are_listed_in_chinese() -> None:
    stored = wording.UNKNOWN_CYCLE.of(products="`A, B`, `C` and 2 more")
    assert in_language(stored, "zh").startswith("`A, B`、`C` 等另外 2 种产品 没有理想节拍")


def test_a_note_that_nobody_knows_stays() -> None:
    assert in_language("of another version", "zh") == "of another version"
    assert because("of another version", "zh") == "of another version"


def test_rows_are_told_in_a_language() -> None:
    rows = pl.DataFrame({"note": ["", wording.NO_PART.en], "reason": ["gap", ""], "kpi": ["gap", "oee"]})
    assert translated(rows, "zh").rows() == [("", "发现数据缺口", "gap"), ("该时段没有产量", "", "oee")]
    assert translated(rows, "en").equals(rows)
    assert translated(rows.clear(), "zh").is_empty()
