"""Dead letters are replayed once what refused them was mended: as samples in the spool, once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import current_thread, main_thread

import polars as pl
import pytest

from adapters.sample import PAYLOAD_KEPT, Status
from collector.assembly import open_records, open_spool
from collector.deadletters import (
    Bounds,
    Choice,
    DeadLetter,
    count_dead_letters,
    read_dead_letters,
    settle_dead_letters,
    write_dead_letters,
)
from collector.letter import LETTERS, refused_samples
from collector.load import Config, load
from collector.redecoding import AT_ONCE, Reading, Redecoder, Told, replay_letters
from collector.spool.contract import SpoolFullError
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import NOON, batch, refusals, row

LATER = datetime(2026, 1, 1, tzinfo=UTC)
FORCE = "works/line/press/force"
COUNT = "works/line/press/count"

PARK = """\
id: test
calendars:
  always: {shifts: [{name: all, start: "00:00", end: "00:00"}]}
factories:
  - {id: works, time_zone: UTC, calendar: always}
"""

LINE = """\
line: line
factory: works
sources:
  - {name: broker, kind: mqtt, host: nowhere.invalid}
equipment:
  - id: press
    signals:
      - {name: force, source: broker, topic: press, value: f, time: t, type: float, scale: 10}
      - {name: count, source: broker, topic: press, value: c, type: int}
      - {name: door, source: broker, topic: door, type: bool}
"""

Mending = Callable[..., Config]


@pytest.fixture
def mended(tmp_path: Path) -> Mending:
    """Give the configuration, with these words of its line file replaced."""
    (tmp_path / "lines").mkdir()
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "parkline.yaml").write_text('store: {kind: lake}\nrecords: {url: "sqlite:///data/records.db"}\n')

    def mend(*changes: tuple[str, str]) -> Config:
        text = LINE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "lines" / "line.yaml").write_text(text)
        return load(tmp_path)

    return mend


def letters(*payloads: str, topic: str = "press", signal: str | None = None, seconds: int = 0) -> pl.DataFrame:
    arrived = NOON + timedelta(seconds=seconds)
    given = refusals(*(payload.encode() for payload in payloads), source="broker", received=arrived)
    return given.with_columns(address=pl.lit(topic), signal=pl.lit(signal))


def sample(payload: str, time: datetime, *, form: str = "sample", seconds: int = 0) -> pl.DataFrame:
    arrived = NOON + timedelta(seconds=seconds)
    one = ("broker", "press", COUNT, payload.encode(), "declared `type: int`", arrived, form, time)
    return pl.DataFrame([one], schema=LETTERS, orient="row")


async def write(config: Config, *given: pl.DataFrame) -> None:
    async with open_records(config) as records:
        for one in given:
            await records.run(partial(write_dead_letters, refusals=one, bounds=Bounds(1000, 2**20)))


async def replay(config: Config, choice: Choice = Choice(), *, dry_run: bool = False) -> list[Told]:  # noqa: B008 - frozen
    async with open_records(config) as records:
        telling = replay_letters(config, records, choice, dry_run=dry_run, now=lambda: LATER)
        return [told async for told in telling]


async def kept(config: Config) -> list[DeadLetter]:
    async with open_records(config) as records:
        return await records.run(lambda c: read_dead_letters(c, Choice(state=None), limit=1000))


async def spooled(config: Config) -> pl.DataFrame:
    async with open_spool(config.installation.spool) as spool:
        return (await spool.read(0, 10**6)).samples


async def test_a_path_that_was_mended_makes_samples_of_what_it_refused(mended: Mending) -> None:
    payload = '{"force": 1.5, "t": "2024-05-17T11:59:59Z"}'
    config = mended(("value: f,", "value: force,"))
    await write(config, letters(payload, payload, signal=FORCE))
    [told] = await replay(config)
    assert (told.fate, told.samples, told.between, told.detail) == ("replayed", 1, 0, "")
    [one] = (await spooled(config)).iter_rows(named=True)
    assert (one["signal"], one["float"], one["status"]) == (FORCE, 15.0, Status.GOOD)
    assert (one["time"], one["received"]) == (NOON - timedelta(seconds=1), NOON)
    [letter] = await kept(config)
    assert (letter.state, letter.settled, letter.note) == ("replayed", LATER, "became 1 sample")


async def test_what_states_no_time_gives_samples_at_its_first_and_last_arrival(mended: Mending) -> None:
    config = mended(("type: bool", "type: text"))
    came = [letters("OPEN", topic="door", signal="works/line/press/door", seconds=n) for n in (0, 5, 7, 60)]
    await write(config, *came)
    [told] = await replay(config)
    assert (told.samples, told.between) == (2, 2)
    found = await spooled(config)
    assert found["time"].to_list() == [NOON, NOON + timedelta(seconds=60)]
    assert found["text"].to_list() == ["OPEN", "OPEN"]
    [letter] = await kept(config)
    assert letter.note == "became 2 samples; 2 arrivals between the first and the last are not among them"


async def test_a_dry_run_tells_the_same_and_changes_nothing(mended: Mending) -> None:
    config = mended(("type: bool", "type: text"))
    await write(config, letters("OPEN", topic="door"), letters("{", signal=FORCE))
    dry = await replay(config, dry_run=True)
    assert not config.installation.spool.path.exists()
    assert [letter.state for letter in await kept(config)] == ["open", "open"]
    wet = await replay(config)
    assert dry == wet
    assert [told.fate for told in wet] == ["refused", "replayed"]


async def test_what_is_none_even_now_stays_open_and_says_why(mended: Mending) -> None:
    config = mended()
    await write(config, letters('{"f": "ERR", "t": 1715947200}', signal=FORCE))
    [told] = await replay(config)
    assert (told.fate, told.samples) == ("refused", 0)
    assert "'ERR'" in told.detail
    [letter] = await kept(config)
    assert (letter.state, letter.count) == ("open", 1)
    assert not config.installation.spool.path.exists() or (await spooled(config)).is_empty()


async def test_of_a_message_that_fits_in_part_the_rest_is_a_new_letter(mended: Mending) -> None:
    config = mended()
    await write(config, letters('{"f": 1.5, "t": "2024-05-17T12:00:00Z", "c": "many"}'))
    [told] = await replay(config)
    assert (told.fate, told.samples) == ("replayed", 1)
    assert "'many'" in told.detail
    rest, replayed = await kept(config)
    assert (rest.state, rest.signal, replayed.state) == ("open", COUNT, "replayed")
    assert "'many'" in rest.reason
    assert [one.fate for one in await replay(config)] == ["refused"]


async def test_a_refused_sample_is_admitted_again_at_its_own_times(mended: Mending) -> None:
    config = mended(("type: int", "type: float"))
    first, last = NOON - timedelta(hours=2), NOON - timedelta(hours=1)
    payload = '{"float":1.5,"status":1073741824}'
    await write(config, sample(payload, first), sample(payload, first, seconds=1), sample(payload, last, seconds=2))
    [told] = await replay(config)
    assert (told.samples, told.between) == (2, 1)
    found = await spooled(config)
    assert found.select("time", "float", "status").rows() == [(first, 1.5, 0x4000_0000), (last, 1.5, 0x4000_0000)]
    assert found["received"].to_list() == [NOON, NOON + timedelta(seconds=2)]


async def test_what_a_store_refused_is_not_scaled_twice(mended: Mending) -> None:
    config = mended()
    given = batch(row(FORCE, float=15.0))
    refused = refusals(b"line", source="broker").with_columns(signal=pl.lit(FORCE), time=given["time"])
    await write(config, refused_samples(refused, given))
    await replay(config)
    assert (await spooled(config))["float"].to_list() == [15.0]


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (letters("{}", signal="works/line/press/gone"), "has no signal works/line/press/gone any more"),
        (refusals(b"1", source="gone"), "has no source 'gone'"),
        (letters("x" * PAYLOAD_KEPT), "too long to be kept whole"),
        (sample("{", NOON), "is no sample"),
        (sample('{"text":"x"}', NOON), "declared `type: int`, but text came"),
    ],
)
async def test_what_cannot_be_decoded_says_why(mended: Mending, letter: pl.DataFrame, why: str) -> None:
    config = mended()
    await write(config, letter)
    [told] = await replay(config)
    assert told.fate == "refused"
    assert why in told.detail


async def test_a_letter_is_replayed_once(mended: Mending) -> None:
    config = mended()
    await write(config, letters("true", topic="door"))
    assert len(await replay(config)) == 1
    assert await replay(config) == []
    assert (await spooled(config)).height == 1


async def test_only_the_chosen_are_replayed_and_settled_ones_are_passed_over(mended: Mending) -> None:
    config = mended()
    await write(config, letters("true", topic="door"), letters("false", topic="door"), letters("on", topic="door"))
    async with open_records(config) as records:
        await records.run(lambda c: settle_dead_letters(c, {2: "no use"}, state="dropped", now=NOON))
    assert [told.letter.id for told in await replay(config, Choice(ids=(1, 2)))] == [1]


async def test_many_letters_are_replayed_in_bounded_parts_in_the_order_they_came(mended: Mending) -> None:
    config = mended()
    many = AT_ONCE * 2 + 1
    await write(config, pl.concat([letters(f'{{"c": {n}}}', seconds=n, signal=COUNT) for n in range(many)]))
    assert len(await replay(config)) == many
    assert sorted((await spooled(config))["int"]) == list(range(many))
    async with open_records(config) as records:
        [total] = await records.run(count_dead_letters)
    assert (total.refused, total.replayed, total.dropped) == (many, many, 0)


async def test_a_full_spool_leaves_the_letters_as_they_were(mended: Mending, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(self: SqliteSpool, samples: pl.DataFrame, source: str) -> int:
        del self, samples, source
        msg = "the spool is full"
        raise SpoolFullError(msg)

    config = mended()
    await write(config, letters("true", topic="door"))
    monkeypatch.setattr(SqliteSpool, "append", full)
    with pytest.raises(SpoolFullError):
        await replay(config)
    [letter] = await kept(config)
    assert letter.state == "open"


async def test_it_works_beside_a_collector_that_has_the_spool_open(mended: Mending) -> None:
    config = mended()
    await write(config, letters("true", topic="door"))
    async with open_spool(config.installation.spool) as spool:
        await spool.append(batch(row(FORCE, float=1.0)), "broker")
        await replay(config)
        assert (await spool.read(0, 10)).samples["signal"].to_list() == [FORCE, "works/line/press/door"]


async def test_letters_are_decoded_beside_the_event_loop(mended: Mending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred of them take a second, in which an API must answer others."""
    config = mended(("value: f,", "value: force,"))
    await write(config, letters('{"force": 1.5, "t": "2024-05-17T11:59:59Z"}', signal=FORCE))
    threads = []
    read = Redecoder.read

    def noting(self: Redecoder, letter: DeadLetter) -> Reading:
        threads.append(current_thread())
        return read(self, letter)

    monkeypatch.setattr(Redecoder, "read", noting)
    await replay(config)
    assert len(threads) == 1
    assert main_thread() not in threads
