"""Explain: what lies behind a number, in sentences and for programs."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from dataclasses import replace
from datetime import time, timedelta

import polars as pl
import pytest

from analytics.answer import answer
from analytics.explaining import Window, WindowError, explain
from analytics.jobs import Jobs, ranges_of
from analytics.timeline import Reader
from collector.links import write_links
from collector.park import Calendar, Shift, Signal, SignalRole
from collector.records import Records
from tests.analytics.plant import Address, ResultStore, at, line, link, machine, park, samples

HOUR, DAY = 3600, 86_400
PRESS = "works/line/press"


def counter(name: str, role: SignalRole) -> Signal:
    return Signal(path=f"{PRESS}/{name}", name=name, source="plc", address=Address(), type="int", role=role)


CALENDAR = Calendar(
    shifts=(Shift(name="early", start=time(6), end=time(14)), Shift(name="night", start=time(22), end=time(6)))
)
PLANT = park(
    line(
        "works/line",
        machine(
            PRESS,
            counter("parts", SignalRole.TOTAL_COUNT),
            counter("rejects", SignalRole.REJECT_COUNT),
            ideal_cycle=timedelta(seconds=60),
            micro_stop=timedelta(minutes=2),
        ),
    ),
    calendar=CALENDAR,
    zone="Asia/Shanghai",
)
"""Its early shift lasts from 22:00 to 06:00 UTC; `at(0)` is eight in the morning."""


@pytest.fixture
async def reader(store: ResultStore, records: Records) -> Reader:
    """An early shift: two hours of production, a jam, a micro-stop, production; the counter was reset once."""
    await store.put(
        samples(
            f"{PRESS}/state",
            [(-3 * HOUR, "WAIT"), (-2 * HOUR, "RUN"), (0, "STOP"), (1800, "RUN"), (HOUR, "STOP"), (HOUR + 60, "RUN")],
        )
    )
    parts = [(-2 * HOUR, 900), (-HOUR, 950), (-60, 1010), (HOUR, 10), (5 * HOUR, 200)]
    await store.put(samples(f"{PRESS}/parts", parts))
    await store.put(samples(f"{PRESS}/rejects", [(-2 * HOUR, 3), (4 * HOUR, 8)]))
    await records.run(lambda c: write_links(c, [link(last=DAY, seen=DAY)]))
    made = Reader(PLANT, store, records)
    await Jobs(made).compute(ranges_of([PRESS], at(-3 * HOUR), at(DAY)), now=at(DAY))
    return made


async def test_an_explanation_agrees_with_what_is_stored(reader: Reader, store: ResultStore) -> None:
    window = Window.of(PLANT, PRESS, "2026-03-02/early")
    assert (window.start, window.end) == (at(-2 * HOUR), at(6 * HOUR))
    told = await explain(reader, window, now=at(DAY))
    stored = store.kept.filter(path=PRESS, period="shift", start=window.start)
    for name, value in told.account.items():
        assert value == stored.filter(kpi=name)["value"].item(), name
    assert {row["slug"]: row["value"] for row in told.kpis}["oee"] == stored.filter(kpi="oee")["value"].item()
    lasted = (told.intervals["end"] - told.intervals["start"]).sum()
    assert lasted == timedelta(hours=8)
    assert told.account["calendar_time"] == 8 * HOUR
    assert {"productive", "quality_loss", "speed_loss"} <= set(told.intervals["loss"])
    assert told.steps.filter(kind="reset").height == 1
    assert (told.version, told.computed, told.reason) == (1, at(DAY), "")


async def test_it_reads_like_an_answer(reader: Reader) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    text = "\n".join(answer(told, "en"))
    assert "works/line/press · 2026-03-02 06:00 - 14:00\nshift early, Asia/Shanghai · version 1" in text
    assert "OEE was" in text
    assert "30 min 00 s  STOP (Unplanned stop), once" in text
    assert "1 min 00 s  STOP (Micro-stops), once" in text
    assert "310 parts, 305 good, 5 rejected" in text
    assert "parts: reset at 09:00:00, 1,010 → 10" in text
    assert "ideal cycle of every product: 60 s (as configured)" in text
    assert "Comes from: state, parts, rejects" in text


async def test_it_reads_in_chinese_as_well(reader: Reader) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    text = "\n".join(answer(told, "zh"))
    assert "班次 early" in text
    assert "OEE 为" in text
    for part in ("共 310 件", "合格 305", "不合格 5"):
        assert part in text
    assert "所有产品理想节拍：60 秒（按配置）" in text
    assert f"单件能耗：没有电能表：请为 {PRESS} 的某个信号设置 `role: energy`" in text
    assert not [row["note"] for row in told.kpis if row["note"] and row["note"] in text]
    notes = {row["slug"]: row["note"] for row in told.as_json("zh")["kpis"]}
    assert notes["oee_bottleneck"] == "仅适用于产线"


async def test_it_says_why_a_state_is_not_known(reader: Reader, store: ResultStore) -> None:
    await store.put(samples(f"{PRESS}/state", [(2 * HOUR, "WEIRD"), (2 * HOUR + 600, "RUN")]))
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    assert "10 min 00 s  it said `WEIRD`, which stands for no state: list it" in "\n".join(answer(told, "en"))
    assert "设备报告 `WEIRD`，但未配置其含义" in "\n".join(answer(told, "zh"))
    before = await explain(reader, Window.of(PLANT, PRESS, "2026-03-01/night"), now=at(DAY))
    assert "7 h 00 min  no valid reading" in "\n".join(answer(before, "en"))


async def test_production_that_cannot_be_judged_has_a_line_of_its_own(reader: Reader) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    assert "Not judged" not in "\n".join(answer(told, "en"))
    account = dict(told.account) | {"producing_time": 7.0 * HOUR, "judged_time": 5.0 * HOUR}
    (text,) = (row for row in answer(replace(told, account=account), "en") if "Not judged" in row)
    assert text.split()[:5] == ["2", "h", "00", "min", "25.0"]


async def test_a_machine_without_a_state_says_what_to_write(store: ResultStore, records: Records) -> None:
    parts = counter("parts", SignalRole.TOTAL_COUNT)
    plant = park(line("works/line", machine(PRESS).model_copy(update={"signals": (parts,)})), zone="Asia/Shanghai")
    told = await explain(Reader(plant, store, records), Window.of(plant, PRESS, "2026-03-02"), now=at(DAY))
    text = "\n".join(answer(told, "en"))
    assert f"no state: give a signal of {PRESS} `role: state`" in text
    assert "Where the time went" not in text
    assert "没有状态" in told.as_json("zh")["lacks"]


async def test_parts_that_nobody_sorts_are_not_called_rejected(reader: Reader) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    made = [{"product": "bolt", "ideal": None, "since": at(0)}]
    odd = replace(told, account={**told.account, "reject_count": None}, products=made)
    english, chinese = ("\n".join(answer(odd, language)) for language in ("en", "zh"))
    assert "310 parts, 305 good\n" in english
    assert "ideal cycle of bolt: not known (since 08:00:00)" in english
    assert "共 310 件，合格 305\n" in chinese
    assert "产品 bolt 的理想节拍：未知（自 08:00:00 起）" in chinese


async def test_restatements_and_gaps_are_told_in_either_language(reader: Reader) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    version = {"version": 1, "computed": at(HOUR), "replaced": at(DAY), "reason": "late samples, gap filled"}
    gap = {"start": at(0), "end": None, "cause": "no answer from the PLC", "kind": "outage", "state": "open"}
    odd = replace(
        told,
        version=2,
        reason="late samples, gap filled",
        gaps=[gap],
        restatements=[{**version, "changes": {"oee": (0.5, 0.25)}}],
    )
    english, chinese = ("\n".join(answer(odd, language)) for language in ("en", "zh"))
    assert "was replaced 2026-03-03 08:00:00 (late samples, gap filled): OEE 50.0 % → 25.0 %" in english
    assert "gap from 08:00:00 to now (data may be missing): no answer from the PLC" in english
    assert "更正，原因：数据迟到、缺口已补齐；设备综合效率 OEE 50.0 % → 25.0 %" in chinese
    assert "采集缺口 08:00:00 至 现在（可能缺失）：连接中断" in chinese
    assert odd.as_json("zh")["reason"] == odd.as_json("zh")["restatements"][0]["reason"] == "数据迟到、缺口已补齐"


async def test_stops_are_counted_where_they_begin_as_they_are_stored(reader: Reader, store: ResultStore) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-02/early"), now=at(DAY))
    stored = store.kept.filter(path=PRESS, period="shift", start=told.start)
    counted = {f"stops:{row['loss']}/{row['reason']}": row["times"] for row in told.stops}
    assert counted == {"stops:unplanned_stop/STOP": 1, "stops:micro_stop/STOP": 1}
    assert dict(stored.filter(pl.col("kpi").str.starts_with("stops:")).select("kpi", "value").iter_rows()) == counted
    halves = await store.results(start=at(-DAY), end=at(DAY), paths=["works/line"], periods=["day"])
    assert halves.filter(kpi="stops:unplanned_stop/STOP")["value"].sum() == 1


async def test_a_window_that_is_not_stored_is_explained_all_the_same(reader: Reader) -> None:
    told = await explain(reader, Window.of(PLANT, PRESS, "2026-03-01T15:00+08:00"), now=at(DAY))
    assert (told.version, told.computed) == (0, None)
    assert "not stored yet" in answer(told, "en")[1]
    assert "No work was planned." in answer(told, "en")


@pytest.mark.parametrize(
    ("path", "window", "reason"),
    [
        ("works/line/pres", "2026-03-02", "did you mean `works/line/press`"),
        (PRESS, "yesterday", "write 2026-03-02, 2026-03-02T06:00 or 2026-03-02/night"),
        (PRESS, "2026-03-02/nigt", "did you mean `night`"),
        (PRESS, "2026-03-02/late", "no shift 'late'"),
        (PRESS, "0001-01-01", "outside the years 1970 to 2200"),
        (PRESS, "9999-12-31T23:30", "outside the years 1970 to 2200"),
    ],
)
def test_what_cannot_be_explained_says_what_to_write(path: str, window: str, reason: str) -> None:
    with pytest.raises(WindowError) as caught:
        Window.of(PLANT, path, window)
    assert reason in str(caught.value)


def test_windows_are_local_to_the_factory() -> None:
    day = Window.of(PLANT, PRESS, "2026-03-02")
    assert (day.period, day.start, day.end) == ("day", at(-8 * HOUR), at(16 * HOUR))
    hour = Window.of(PLANT, PRESS, "2026-03-02T08:30")
    assert (hour.period, hour.start, hour.end) == ("hour", at(0), at(HOUR))
    night = Window.of(PLANT, PRESS, "2026-03-02/night")
    assert (night.name, night.start, night.end) == ("night", at(14 * HOUR), at(22 * HOUR))
