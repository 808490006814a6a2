"""The report as a page: both languages, nothing from elsewhere, no text from a machine as markup."""

import base64
import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from analytics.reports.colours import COLOURS
from analytics.reports.making import Report
from analytics.reports.page import page, policy, style
from analytics.reports.reading import read_report
from analytics.reports.scope import Days, Period, Scope
from analytics.reports.tables import everything, frame_of, in_words
from analytics.reports.wording import WORDS, word
from collector.park import Equipment, Park, Signal, SignalRole, StopReason, Title
from tests.analytics import plant
from tests.analytics.reports.told import HOUR, judged, whole_day

ZONE = "Asia/Shanghai"
PRESS = "works/line/press"
HOSTILE = "</text><script>alert(1)</script> $\\alpha$"
MADE = datetime(2026, 3, 20, 4, tzinfo=UTC)
FIRST = date(2026, 2, 23)


def counted(path: str) -> Equipment:
    """Give a machine that counts parts and knows its ideal cycle."""
    counters = (
        Signal(
            path=f"{path}/{role}", name=role, source="plc", address=plant.Address(), type="int", role=SignalRole(role)
        )
        for role in ("total_count", "reject_count")
    )
    return plant.machine(path, *counters, title=Title(zh="冲压机", en="Press"), ideal_cycle=timedelta(seconds=30))


@pytest.fixture
def park() -> Park:
    line = plant.line("works/line", counted(PRESS), title=Title(zh="冲压线", en="Press line"))
    reasons = {"tool": StopReason(title=Title(zh="换刀", en="Tool change"))}
    return plant.park(line, zone=ZONE).model_copy(update={"stop_reasons": reasons})


async def reported(park: Park, period: Period = "day", *, ideal: float = 8.5, compared: bool = True) -> Report:
    store, told = plant.ResultStore(), []
    for number in range(22):
        stopped = 3.0 + number % 3 * 0.2 if number < 14 else 1.0
        numbers = judged(
            (12 - stopped) * HOUR,
            ideal * HOUR,
            8 * HOUR,
            unplanned_stop_time=stopped * HOUR,
            unknown_time=HOUR / 2,
            not_scheduled_time=11.5 * HOUR,
            failure_count=2.0,
            total_count=1080.0,
            good_count=960.0,
            reject_count=120.0,
        )
        reasons = {"unplanned_stop/tool": stopped * HOUR / 2, f"unplanned_stop/{HOSTILE}": stopped * HOUR / 4}
        day = FIRST + timedelta(days=number)
        told += [whole_day(path, day, ZONE, numbers, reasons) for path in ("works/line", PRESS)]
    await store.write_results(pl.concat(told))
    days = Days(FIRST + timedelta(days=14), FIRST + timedelta(days=25))
    before = Days(FIRST, FIRST + timedelta(days=14)) if compared else None
    return await read_report(store, Scope.of(park, "works/line"), period, days, before)


class Tags(HTMLParser):
    """Gathers what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.seen


async def test_a_page_speaks_chinese_and_english(park: Park) -> None:
    report = await reported(park)
    zh, en = (page(report, language, MADE) for language in ("zh", "en"))
    for text in (
        'lang="zh-CN"',
        "日报",
        "冲压线",
        "停机原因帕累托",
        "换刀",
        "超出正常波动",
        "设备综合效率 OEE",
        "未知",
    ):
        assert text in zh
    for text in ('lang="en"', "Daily report", "Press line", "Stops by reason", "Tool change", "exceeds normal", "OEE"):
        assert text in en
    assert not re.search("[\u4e00-\u9fff]", en)
    assert "2026-03-09 to 2026-03-19" in en
    assert "made on 2026-03-20 12:00" in en


def test_every_text_is_there_in_both_languages() -> None:
    for key, (english, chinese) in WORDS.items():
        assert english, key
        if key not in {"of.loss", "short.oee"}:  # punctuation, and a name that is the same
            assert re.search("[\u4e00-\u9fff]", chinese), key
        assert english.count("{") == chinese.count("{"), key
    assert word("en", "one.day") == "day"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_page_needs_nothing_from_elsewhere(park: Park, language: Any) -> None:
    text = page(await reported(park), language, MADE)
    assert "http" not in text
    assert "@import" not in text
    seen = tags(text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in seen}
    for tag, attributes in seen:
        assert "style" not in attributes, tag  # the policy passes it over
        assert not any(name.startswith("on") for name in attributes), tag
        assert "src" not in attributes, tag
        assert (attributes.get("href") or "#").startswith("#"), tag


async def test_the_policy_knows_the_style_sheet_by_its_hash(park: Park) -> None:
    text = page(await reported(park), "zh", MADE)
    sheets = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    assert len(sheets) == 1
    digest = base64.b64encode(hashlib.sha256(sheets[0].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in policy()
    assert "unsafe" not in policy()
    for name in COLOURS:
        assert f".{name}.mark" in style()


async def test_plots_stand_in_the_page_without_getting_in_each_others_way(park: Park) -> None:
    seen = tags(page(await reported(park), "zh", MADE))
    assert [attributes["role"] for tag, attributes in seen if tag == "svg"] == ["img"] * 3
    ids = [attributes["id"] for _, attributes in seen if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0
    referred = {attributes["href"] for _, attributes in seen if "href" in attributes}
    for attributes in (attributes for _, attributes in seen):
        referred |= {
            f"#{name}" for value in attributes.values() for name in re.findall(r"url\(#([^)]+)\)", value or "")
        }
    assert referred == {f"#{name}" for name in ids}


async def test_a_text_from_a_machine_is_text(park: Park) -> None:
    text = page(await reported(park), "en", MADE)
    assert "<script" not in text
    assert "&lt;/text&gt;&lt;script&gt;" in text
    assert "$\\alpha$" in text


async def test_it_is_the_same_each_time(park: Park) -> None:
    report = await reported(park)
    assert page(report, "en", MADE) == page(report, "en", MADE)


async def test_effectiveness_above_one_is_shown_and_flagged(park: Park) -> None:
    text = page(await reported(park, ideal=12.1), "en", MADE)
    assert "110.0% !" in text
    assert word("en", "above.one") in text
    assert word("en", "above.one") not in page(await reported(park), "en", MADE)


@pytest.mark.parametrize("period", ["week", "month"])
async def test_weeks_and_months_have_pages(park: Park, period: Period) -> None:
    text = page(await reported(park, period, compared=False), "en", MADE)
    assert {"week": "2026-W11", "month": "2026-03"}[period] in text
    assert word("en", "comparison") not in text


async def test_a_report_about_nothing_says_so(park: Park) -> None:
    scope = Scope.of(park, "works")
    empty = await read_report(plant.ResultStore(), scope, "day", Days(FIRST, FIRST + timedelta(days=3)))
    assert empty.whole is None
    assert "no results for these days" in page(empty, "en", MADE)
    assert next(rows for _, rows in in_words(empty)) == []


async def test_tables_hold_what_the_page_shows(park: Park) -> None:
    report = await reported(park)
    told = everything(report)
    assert told["first"] == FIRST + timedelta(days=14)
    assert next(row["period"] for row in told["periods"]) == "2026-03-09"
    assert told["whole"]["utilisation"] == pytest.approx(11 / 12.5)
    assert [row["path"] for row in told["machines"]] == [PRESS]
    assert {row["verdict"] for row in told["comparison"]["rows"] if row["name"] == "utilisation"} == {"exceeds"}
    assert frame_of(report, "periods")["path"].unique().sort().to_list() == ["works/line", PRESS]
    assert frame_of(report, "stops").columns[:3] == ["path", "loss", "reason"]
    assert frame_of(report, "comparison").height == len(told["comparison"]["rows"])
    titles = [title for title, _ in in_words(report)]
    assert titles[0] == "Figures by day: works/line, 2026-03-09 to 2026-03-19, Asia/Shanghai"
    assert len(titles) == 5


async def test_losses_add_up_to_their_day(park: Park) -> None:
    report = await reported(park)
    stops = report.stops
    assert stops["seconds"].sum() == pytest.approx(report.daily["unplanned_stop_time"].sum())
    assert stops.filter(pl.col("reason") == "").height == 1  # what nobody gave a reason for
    assert stops["cumulative"][-1] == pytest.approx(1.0)
