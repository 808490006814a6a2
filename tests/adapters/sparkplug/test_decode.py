"""The life cycle of edge nodes, message by message: values, deaths, and what may be missing."""

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sample import REFUSALS, SAMPLES, Status
from adapters.sources.contract import Point
from adapters.sources.mqtt.columns import Message
from adapters.sources.sparkplug import holding
from adapters.sources.sparkplug.decode import REBIRTH, Decoded, Decoder, rebirth
from adapters.sources.sparkplug.payload_pb2 import Metric, Payload, PropertySet, PropertyValue
from tests.adapters.sparkplug.messages import (
    DOUBLE,
    NOON,
    SECOND,
    address,
    bd_seq,
    births,
    decoder,
    filled,
    gaps,
    message,
    metric,
    ns,
    samples,
)

GOOD, BAD, GONE, NO_DATA = (
    int(one) for one in (Status.GOOD, Status.BAD, Status.BAD_NO_COMMUNICATION, Status.BAD_NO_DATA)
)
ASK = "spBv1.0/works/NCMD/gw"
HOUR = 3600 * SECOND
AB = ("a", "b")


def at(seconds: float) -> int:
    """Give an instant after NOON, in ms."""
    return NOON + round(seconds * SECOND)


def born(made: Decoder | None = None, **settings: Any) -> Decoder:
    """Give a decoder whose edge node was born at NOON, with values from an hour before."""
    made = made or decoder(**settings)
    made.opened(0.0, ns(NOON), None)
    made.decode(births(at(0), metric("a", 1.0, NOON - HOUR), metric("b", 2.0, NOON - HOUR)), 0.0)
    return made


def data(seq: int, seconds: float, *metrics: Metric, **others: Any) -> Message:
    return message("DDATA", "press", seq, at(seconds), *metrics, **others)


def told(decoded: Decoded) -> str:
    """Give the reasons of refusals."""
    return "\n".join(decoded.refusals["reason"])


class TestValues:
    def test_a_birth_gives_the_values_with_the_times_of_their_change(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        decoded = made.decode(births(at(0), metric("a", 1.0, NOON - HOUR), metric("b", None, NOON - SECOND)), 0.0)
        assert samples(decoded) == [("a", NOON - HOUR, 1.0, GOOD), ("b", NOON - SECOND, None, NO_DATA)]
        assert decoded.samples.schema == SAMPLES
        assert decoded.samples["received"].dt.epoch("ms").to_list() == [NOON, NOON]

    def test_data_names_metrics_by_alias_and_leaves_the_type_to_the_birth(self) -> None:
        decoded = born().decode([data(2, 1, metric(2, 7.5, at(0.5), datatype=0 + DOUBLE))], 0.0)
        assert samples(decoded) == [("b", at(0.5), 7.5, GOOD)]
        untyped = metric(1, 8.5, at(2))
        untyped.ClearField("datatype")
        assert samples(born().decode([data(2, 1, untyped)], 0.0)) == [("a", at(2), 8.5, GOOD)]

    def test_data_may_name_metrics_by_name(self) -> None:
        assert samples(born().decode([data(2, 1, metric("b", 7.5, at(1)))], 0.0)) == [("b", at(1), 7.5, GOOD)]

    def test_the_time_is_the_metrics_else_the_messages_else_the_arrival(self) -> None:
        made = born()
        one, two, three = (
            data(2, 3, metric(1, 1.0, at(2))),
            data(3, 3, metric(1, 1.0, 0)),
            data(4, 0, metric(1, 1.0, 0)),
        )
        bare = Payload.FromString(three.payload)
        bare.ClearField("timestamp")
        three = three._replace(payload=bare.SerializeToString(), received=ns(at(9)))
        assert [row[1] for row in samples(made.decode([one, two, three], 0.0))] == [at(2), at(3), at(9)]

    def test_a_metric_that_no_signal_wants_is_nobodys(self) -> None:
        made = decoder(Point("a", "float", address("a")))
        made.opened(0.0, ns(NOON), None)
        decoded = made.decode([*births(at(0), metric("a", 1.0, at(0)), metric("b", 2.0, at(0)))], 0.0)
        decoded = made.decode([data(2, 1, metric(2, 3.0, at(1)), metric(1, 4.0, at(1)))], 0.0)
        assert samples(decoded) == [("a", at(1), 4.0, GOOD)]
        assert decoded.refusals.is_empty()

    def test_two_signals_may_have_one_metric(self) -> None:
        made = decoder(Point("x", "float", address("a")), Point("y", "float", address("a")))
        decoded = born(made).decode([data(2, 1, metric(1, 3.0, at(1)))], 0.0)
        assert samples(decoded) == [("x", at(1), 3.0, GOOD), ("y", at(1), 3.0, GOOD)]

    def test_metrics_of_the_edge_node_itself(self) -> None:
        made = decoder(Point("v", "float", address("Supply", device="")))
        made.opened(0.0, ns(NOON), None)
        messages = [
            message("NBIRTH", "", 0, at(0), bd_seq(0, at(0)), metric("Supply", 24.0, at(0), alias=9)),
            message("NDATA", "", 1, at(1), metric(9, 23.5, at(1))),
        ]
        assert [row[2] for row in samples(made.decode(messages, 0.0))] == [24.0, 23.5]

    def test_a_bad_quality_leaves_the_value_out(self) -> None:
        bad = metric(1, 3.0, at(1))
        bad.properties.CopyFrom(PropertySet(keys=["Quality"], values=[PropertyValue(type=3, int_value=0)]))
        assert samples(born().decode([data(2, 1, bad)], 0.0)) == [("a", at(1), None, BAD)]

    def test_late_values_keep_their_own_time(self) -> None:
        late = metric(1, 3.0, NOON - 10, is_historical=True)
        assert samples(born().decode([data(2, 1, late)], 0.0)) == [("a", NOON - 10, 3.0, GOOD)]


class TestRefusals:
    def test_a_value_that_does_not_fit_is_refused_and_its_neighbours_go_on(self) -> None:
        odd = Metric(alias=1, datatype=19, timestamp=at(1), template_value=b"x")
        decoded = born().decode([data(2, 1, odd, metric(2, 3.0, at(1)))], 0.0)
        assert samples(decoded) == [("b", at(1), 3.0, GOOD)]
        row = decoded.refusals.row(0, named=True)
        assert row["signal"] == "a"
        assert row["address"] == "spBv1.0/works/DDATA/gw/press"
        assert row["reason"].startswith(
            "topic 'spBv1.0/works/DDATA/gw/press', metric 'a': a Template is no plain value"
        )
        assert decoded.refusals.schema == REFUSALS

    def test_late_values_without_a_time_are_refused(self) -> None:
        decoded = born().decode([data(2, 1, metric(1, 3.0, 0, is_historical=True))], 0.0)
        assert "a value of the past without a time stamp" in told(decoded)

    def test_a_time_beyond_all_times_is_refused(self) -> None:
        decoded = born().decode([data(2, 1, metric(1, 3.0, 2**63))], 0.0)
        assert "lies after the year 2262" in told(decoded)

    def test_what_is_no_protobuf_is_refused_whole(self) -> None:
        odd = Message("spBv1.0/works/DDATA/gw/press", b"{}", 2, ns(at(1)))
        assert "is no Sparkplug B" in told(born().decode([odd], 0.0))

    def test_what_is_too_long_is_refused_whole(self) -> None:
        long = data(2, 1, metric(1, 3.0, at(1)))._replace(size=2**20 + 1)
        assert "1,048,577 bytes, more than `max_payload` (1,048,576)" in told(born().decode([long], 0.0))

    def test_a_topic_that_nobody_has_is_refused(self) -> None:
        odd = [data(2, 1)._replace(topic=topic) for topic in ("spBv1.0/works/DDATA/other/press", "elsewhere")]
        assert told(born().decode(odd, 0.0)).count("no signal of edge is on the topic") == 2

    def test_a_metric_that_the_birth_does_not_have_is_told_once_with_what_it_has(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        first = made.decode(births(at(0), metric("a", 1.0, at(0)), metric("B", 1.0, at(0))), 0.0)
        assert "the birth has no metric 'b'; it has 'a', 'B'" in told(first)
        assert first.refusals["signal"].to_list() == ["b"]
        again = made.decode(births(at(1), metric("a", 1.0, at(0)), metric("B", 1.0, at(0))), 0.0)
        assert again.refusals.is_empty()

    def test_an_alias_of_no_birth_is_told_and_a_rebirth_is_asked_for(self) -> None:
        decoded = born().decode([data(2, 1, metric(77, 3.0, at(1)), metric(1, 4.0, at(1)))], 100.0)
        assert samples(decoded) == [("a", at(1), 4.0, GOOD)]
        assert "no birth says which metric has the alias 77" in told(decoded)
        assert decoded.asked == (ASK,)

    @settings(max_examples=50, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "DBIRTH/gw", "DDATA", "DDEATH", "STATE", "DDATA/gw"]),
                st.sampled_from(["gw", "gw/press", "gw/other", "", "gw/press/more"]),
                st.binary(max_size=40)
                | st.builds(
                    lambda seq, stamp, made: Payload(timestamp=stamp, seq=seq, metrics=made).SerializeToString(),
                    st.integers(0, 2**64 - 1),
                    st.integers(0, 2**64 - 1),
                    st.lists(
                        st.builds(
                            Metric,
                            name=st.sampled_from(["a", "b", "bdSeq", "", "x"]),
                            alias=st.integers(0, 3),
                            timestamp=st.integers(0, 2**64 - 1),
                            datatype=st.integers(0, 40),
                            is_historical=st.booleans(),
                            long_value=st.integers(0, 2**64 - 1),
                        ),
                        max_size=3,
                    ),
                ),
            ),
            max_size=12,
        )
    )
    def test_no_input_raises(self, inputs: list[tuple[str, str, bytes]]) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        for n, (verb, place, body) in enumerate(inputs):
            one = Message(f"spBv1.0/works/{verb}/{place}", body, len(body), ns(at(n)))
            made.decode([one], float(n))
            made.tick(n + 0.5, ns(at(n)))
        made.opened(99.0, ns(at(99)), ns(at(98)))


class TestBeforeTheBirth:
    def test_a_link_begins_by_asking_for_a_rebirth(self) -> None:
        assert decoder().opened(0.0, ns(NOON), None).asked == (ASK,)

    def test_data_waits_for_its_birth_and_comes_before_it(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        early = made.decode([data(40, 1, metric(1, 5.0, at(1)))], 0.0)
        assert early.empty
        decoded = made.decode(births(at(2), metric("a", 6.0, at(1.5)), metric("b", 2.0, at(0))), 0.0)
        assert samples(decoded) == [("a", at(1), 5.0, GOOD), ("a", at(1.5), 6.0, GOOD), ("b", at(0), 2.0, GOOD)]

    def test_data_that_says_all_by_itself_does_not_wait(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        assert samples(made.decode([data(40, 1, metric("a", 5.0, at(1)))], 0.0)) == [("a", at(1), 5.0, GOOD)]

    def test_data_that_waits_in_vain_is_refused(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        made.decode([data(40, 1, metric(1, 5.0, at(1)))], 1.0)
        assert made.tick(holding.PATIENCE, ns(at(60))).refusals.is_empty()
        decoded = made.tick(1 + holding.PATIENCE, ns(at(61)))
        assert "does not answer the command Node Control/Rebirth" in told(decoded)
        assert Payload.FromString(decoded.refusals["payload"][0]).seq == 40

    def test_what_waits_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(holding, "BYTES", 100)
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        decoded = made.decode([data(n, n, metric(1, float(n), at(n))) for n in range(10)], 0.0)
        assert told(decoded).count("too much waits for births") == decoded.refusals.height > 0
        late = made.decode(births(at(11), metric("a", 99.0, at(11)), metric("b", 2.0, at(0))), 0.0)
        assert decoded.refusals.height + late.samples.height == 12

    @pytest.mark.parametrize("end", ["death", "link"])
    def test_what_waits_is_refused_when_its_birth_cannot_come_any_more(self, end: str) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        made.decode([data(40, 1, metric(1, 5.0, at(1)))], 1.0)
        if end == "death":
            decoded = made.decode([message("NDEATH", "", 0, at(2), bd_seq(0, at(2)))], 2.0)
        else:
            decoded = made.opened(2.0, ns(at(2)), ns(at(1)))
        assert decoded.refusals.height == 1

    def test_until_it_is_born_nothing_is_known(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        early = made.tick(60.0, ns(at(60)))
        assert gaps(early) == [(at(0), at(60), AB, "outage")]
        decoded = made.decode(births(at(70), metric("a", 1.0, at(70)), metric("b", 1.0, at(70))), 70.0)
        assert gaps(decoded) == [(at(60), at(70), AB, "outage")]


class TestAsking:
    def test_it_asks_again_ever_more_rarely(self) -> None:
        made = decoder()
        asked = [0] if made.opened(0.0, ns(NOON), None).asked else []
        asked += [n for n in range(1, 3000) if made.tick(float(n), ns(at(n))).asked]
        assert asked == [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430]

    def test_it_does_not_ask_who_is_born(self) -> None:
        made = born()
        assert not [n for n in range(1000) if made.tick(float(n), ns(at(n))).asked]

    def test_it_does_not_ask_who_is_dead(self) -> None:
        made = born()
        made.decode([message("NDEATH", "", 0, at(1), bd_seq(0, at(1)))], 1.0)
        assert not [n for n in range(1000) if made.tick(float(n), ns(at(n))).asked]

    def test_losses_in_a_row_ask_no_more_often_than_allowed(self) -> None:
        made = born(reorder="0 s")
        asked = []
        seq = 1
        for n in range(1, 60):
            seq = (seq + 2) % 256
            decoded = made.decode([data(seq, n, metric(1, float(n), at(n)))], float(n))
            if decoded.asked or made.tick(float(n), ns(at(n))).asked:
                asked.append(n)
                made.decode(births(at(n), metric("a", 1.0, at(n)), metric("b", 2.0, at(0))), float(n))
                seq = 1
        assert all(later - earlier >= 10 for earlier, later in pairwise(asked))
        assert len(asked) >= 4

    def test_it_never_asks_where_it_may_not(self) -> None:
        made = decoder(rebirth="0 s")
        assert not made.opened(0.0, ns(NOON), None).asked
        assert not [n for n in range(1000) if made.tick(float(n), ns(at(n))).asked]

    def test_what_it_asks_with(self) -> None:
        payload = Payload.FromString(rebirth(ns(NOON)))
        assert payload.timestamp == NOON
        assert not payload.HasField("seq")
        [one] = payload.metrics
        assert (one.name, one.datatype, one.boolean_value) == (REBIRTH, 11, True)


class TestNumbers:
    def test_messages_in_order_miss_nothing(self) -> None:
        made = born()
        for n in range(2, 600):
            decoded = made.decode([data(n % 256, n, metric(1, float(n), at(n)))], float(n))
            assert not decoded.gaps
            assert not made.tick(float(n), ns(at(n))).gaps

    def test_a_number_left_out_is_a_gap_once_the_patience_is_over(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        assert not made.decode([data(5, 20, metric(1, 2.5, at(20)))], 20.0).gaps
        assert made.tick(21.9, ns(at(21.9))).empty
        decoded = made.tick(22.0, ns(at(22)))
        assert gaps(decoded) == [(at(10), at(20), AB, "sequence")]
        assert decoded.asked == (ASK,)
        assert "numbers (seq) skip" in decoded.gaps[0].cause

    def test_the_gap_ends_for_each_signal_with_its_next_report(self) -> None:
        made = born(rebirth="0 s")
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        made.decode([data(5, 20, metric(1, 2.5, at(18)))], 20.0)
        made.decode([data(6, 21, metric(1, 3.5, at(21)))], 21.0)
        assert sorted(gaps(made.tick(22.0, ns(at(22))))) == [
            (at(10), at(18), ("a",), "sequence"),
            (at(10), at(21), ("b",), "sequence"),
        ]
        made.decode([data(7, 40, metric(2, 4.5, at(40)))], 40.0)
        assert gaps(made.tick(82.0, ns(at(82)))) == [(at(21), at(40), ("b",), "sequence")]
        assert made.tick(200.0, ns(at(200))).empty

    def test_a_message_that_only_came_late_is_no_gap(self) -> None:
        made = born()
        messages = [data(seq, seq, metric(1, float(seq), at(seq))) for seq in (2, 4, 3, 5)]
        assert made.decode(messages, 0.0).samples.height == 4
        assert made.tick(1000.0, ns(at(5))).empty

    def test_births_and_deaths_of_devices_and_messages_of_others_have_numbers_too(self) -> None:
        made = born()
        messages = [
            message("DBIRTH", "other", 2, at(1)),
            message("NDATA", "", 3, at(2)),
            message("DDEATH", "other", 4, at(3)),
            data(5, 4, metric(1, 3.0, at(4))),
        ]
        made.decode(messages, 0.0)
        assert made.tick(50.0, ns(at(4))).empty

    def test_a_rebirth_before_the_patience_is_over_does_not_forget_the_loss(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(10))), data(5, 20, metric(1, 2.5, at(20)))], 20.0)
        decoded = made.decode(births(at(21), metric("a", 2.5, at(20)), metric("b", 2.0, NOON - HOUR)), 21.0)
        assert gaps(decoded) == [(at(10), at(20), AB, "sequence"), (at(20), at(21), ("b",), "sequence")]


class TestRebirth:
    """What a rebirth says of a gap from 10 s to 20 s; before it, `a` was 1.5 since 10 s, `b` 2.0 for an hour."""

    def lossy(self, **settings: Any) -> Decoder:
        made = born(**settings)
        made.decode([data(2, 10, metric(1, 1.5, at(10))), data(5, 20)], 20.0)
        made.tick(22.0, ns(at(22)))
        return made

    def reborn(self, a: tuple[float, float], b: tuple[float, float], **settings: Any) -> list[Any]:
        decoded = self.lossy(**settings).decode(
            births(at(23), metric("a", a[0], at(a[1])), metric("b", b[0], at(b[1]))), 23.0
        )
        return sorted(filled(decoded))

    def test_what_changed_before_the_gap_has_missed_nothing(self) -> None:
        # told from a minute before the gap on, for what is older; else from when on all is proven: the birth before
        assert self.reborn((1.5, 10), (2.0, -3600)) == [
            (at(10 - 60), at(23), ("b",), "rebirth"),
            (at(0), at(23), ("a",), "rebirth"),
        ]

    def test_what_changed_within_the_gap_is_known_from_then_on(self) -> None:
        assert self.reborn((9.5, 14), (2.0, -3600))[1] == (at(14), at(23), ("a",), "rebirth")

    def test_a_birth_stamped_with_its_own_time_says_nothing(self) -> None:
        assert self.reborn((1.5, 23), (2.0, 23)) == []

    def test_a_time_that_contradicts_what_had_come_is_not_believed(self) -> None:
        assert self.reborn((9.5, 9), (2.0, -3600)) == [(at(10 - 60), at(23), ("b",), "rebirth")]

    def test_a_value_that_is_no_good_says_nothing(self) -> None:
        made = self.lossy()
        decoded = made.decode(births(at(23), metric("a", None, at(10)), metric("b", 2.0, NOON - HOUR)), 23.0)
        assert filled(decoded) == [(at(10 - 60), at(23), ("b",), "rebirth")]

    def test_until_the_rebirth_the_gap_goes_on(self) -> None:
        decoded = self.lossy().decode(births(at(23), metric("a", 1.5, at(10)), metric("b", 2.0, NOON - HOUR)), 23.0)
        assert gaps(decoded) == [(at(20), at(23), AB, "sequence")]

    def test_a_rebirth_without_a_gap_fills_nothing_and_misses_nothing(self) -> None:
        made = born()
        decoded = made.decode(births(at(5), metric("a", 1.0, NOON - HOUR), metric("b", 2.0, at(5))), 5.0)
        assert not decoded.gaps
        assert not decoded.filled

    @pytest.mark.parametrize(("value", "since", "end"), [(9.5, 14, 14), (1.5, 14, 14), (9.5, 23, 23)])
    def test_a_change_that_nothing_had_reported_shows_a_loss_just_before_the_birth(
        self, value: float, since: int, end: int
    ) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(9)))], 10.0)
        decoded = made.decode(births(at(23), metric("a", value, at(since)), metric("b", 2.0, NOON - HOUR)), 23.0)
        assert gaps(decoded) == [(at(10), at(end), ("a",), "sequence")]

    def test_where_nobody_knows_when_the_gap_began_changes_are_taken_for_younger(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        decoded = made.decode(
            births(at(1), metric("a", 1.0, at(1) - 5 * HOUR), metric("b", 2.0, at(1) - 30 * SECOND)), 0.0
        )
        assert filled(decoded) == [
            (at(1) - HOUR, at(1), ("a",), "rebirth"),
            (at(1) - 30 * SECOND, at(1), ("b",), "rebirth"),
        ]


class TestTheLink:
    def test_a_link_that_was_down_is_filled_as_far_as_the_rebirth_says(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        opened = made.opened(100.0, ns(at(100)), ns(at(40)))
        # a message that was lost just before the link broke has no next one that shows it
        assert gaps(opened) == [(at(10), at(40), AB, "sequence")]
        assert opened.asked == (ASK,)
        decoded = made.decode(births(at(101), metric("a", 1.5, at(10)), metric("b", 3.0, at(70))), 101.0)
        assert gaps(decoded) == [(at(100), at(101), AB, "outage")]
        assert filled(decoded) == [(at(0), at(101), ("a",), "rebirth"), (at(70), at(101), ("b",), "rebirth")]

    def test_what_changed_long_before_is_told_together(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        made.opened(100.0, ns(at(100)), ns(at(40)))
        decoded = made.decode(births(at(101), metric("a", 1.0, NOON - HOUR), metric("b", 2.0, NOON - 2 * HOUR)), 101.0)
        assert filled(decoded) == [(at(10 - 60), at(101), ("b",), "rebirth")]  # `a` says what is not so

    def test_a_loss_that_was_not_certain_yet_is_told_with_the_next_link(self) -> None:
        made = born()
        made.decode([data(2, 10), data(5, 20)], 20.0)
        assert gaps(made.opened(30.0, ns(at(30)), ns(at(20)))) == [(at(10), at(30), AB, "sequence")]

    def test_a_gap_that_lasts_goes_on_over_the_link(self) -> None:
        made = born()
        made.decode([message("NDEATH", "", 0, at(10), bd_seq(0, at(0)))], 10.0)
        assert gaps(made.opened(30.0, ns(at(30)), ns(at(20)))) == [(at(10), at(30), AB, "outage")]


class TestDeath:
    def test_a_death_makes_every_signal_bad_and_begins_a_gap(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        decoded = made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(30))], 30.0)
        assert samples(decoded) == [("a", at(30), None, GONE), ("b", at(30), None, GONE)]
        assert gaps(decoded) == [(at(10), at(30), AB, "outage")]
        assert "NDEATH" in decoded.gaps[0].cause

    def test_a_gap_that_lasts_is_told_again_and_again_without_a_hole(self) -> None:
        made = born()
        decoded = made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(30))], 30.0)
        intervals = gaps(decoded)
        for n in range(31, 300):
            intervals += gaps(made.tick(float(n), ns(at(n))))
        intervals += gaps(made.decode(births(at(300), metric("a", 1.0, at(300)), metric("b", 1.0, at(300))), 300.0))
        assert [start for start, *_ in intervals[1:]] == [end for _, end, *_ in intervals[:-1]]
        assert (intervals[0][0], intervals[-1][1]) == (at(0), at(300))
        assert 4 < len(intervals) < 8

    def test_the_will_of_an_earlier_life_is_nothing(self) -> None:
        made = born()
        made.decode(births(at(1), metric("a", 1.0, NOON - HOUR), metric("b", 2.0, NOON - HOUR), number=1), 1.0)
        assert made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(2))], 2.0).empty

    def test_a_second_death_is_nothing(self) -> None:
        made = born()
        death = message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(2))
        assert not made.decode([death], 2.0).empty
        assert made.decode([death._replace(received=ns(at(3)))], 3.0).empty

    def test_a_birth_ends_it_and_gives_once_more_what_has_not_changed(self) -> None:
        made = born()
        made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(30))], 30.0)
        decoded = made.decode(births(at(40), metric("a", 1.0, NOON - HOUR), metric("b", 5.0, at(35)), number=1), 40.0)
        assert samples(decoded) == [
            ("a", NOON - HOUR, 1.0, GOOD),
            ("b", at(35), 5.0, GOOD),
            ("a", at(40), 1.0, GOOD),
        ]
        assert sorted(gaps(decoded)) == [(at(30), at(35), ("b",), "outage"), (at(30), at(40), ("a",), "outage")]
        assert filled(decoded) == [(at(-60), at(40), ("a",), "rebirth"), (at(35), at(40), ("b",), "rebirth")]

    def test_a_device_dies_alone(self) -> None:
        made = decoder(Point("a", "float", address("a")), Point("v", "float", address("v", device="")))
        made.opened(0.0, ns(NOON), None)
        made.decode(
            [
                message("NBIRTH", "", 0, at(0), metric("v", 24.0, at(0))),
                message("DBIRTH", "press", 1, at(0), metric("a", 1.0, at(0), alias=1)),
            ],
            0.0,
        )
        decoded = made.decode([message("DDEATH", "press", 2, at(9))], 9.0)
        assert samples(decoded) == [("a", at(9), None, GONE)]
        assert not decoded.gaps  # it begins at the time of the message
        decoded = made.decode([message("DBIRTH", "press", 3, at(20), metric("a", 1.0, at(20)))], 20.0)
        assert gaps(decoded) == [(at(9), at(20), ("a",), "outage")]
        assert samples(decoded) == [("a", at(20), 1.0, GOOD)]

    def test_a_new_session_without_a_death_is_a_gap_since_the_last_message(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        decoded = made.decode(births(at(50), metric("a", 1.5, at(50)), metric("b", 2.0, at(50)), number=1), 50.0)
        assert gaps(decoded) == [(at(10), at(50), AB, "outage")]
        assert "new session" in decoded.gaps[0].cause

    def test_a_device_that_is_not_born_again_with_its_edge_node_is_lost(self) -> None:
        made = born()
        made.decode(births(at(10))[:1], 10.0)
        assert made.tick(14.0, ns(at(14))).empty
        # since the last message before: what came after that one, and before the birth, no number shows
        assert gaps(made.tick(15.0, ns(at(15)))) == [(at(0), at(15), AB, "outage")]

    def test_a_death_is_never_before_what_came(self) -> None:
        made = born()
        made.decode([data(2, 10, metric(1, 1.5, at(60)))], 10.0)  # a metric ahead of its message
        decoded = made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(30))], 30.0)
        assert samples(decoded)[0] == ("a", at(60) + 1, None, GONE)

    def test_a_clock_that_is_off_is_the_edge_nodes_own(self) -> None:
        made = decoder()
        made.opened(0.0, ns(NOON), None)
        off = [one._replace(received=ns(at(1000))) for one in births(at(0), metric("a", 1.0, at(0)))]
        made.decode(off, 0.0)
        decoded = made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(1030))], 30.0)
        assert samples(decoded)[0] == ("a", at(30), None, GONE)


class TestHistory:
    def outage(self, **settings: Any) -> Decoder:
        """Give a decoder whose edge node was dead from 10 s to 100 s, and stamps births with their own time."""
        made = born(**settings)
        made.decode([data(2, 10, metric(1, 1.5, at(10)))], 10.0)
        made.decode([message("NDEATH", "", 0, at(0), bd_seq(0, at(0)), received=at(30))], 30.0)
        made.decode(births(at(100), metric("a", 9.0, at(100)), metric("b", 2.0, at(100)), number=1), 100.0)
        return made

    def late(self, seq: int, *points: tuple[int, float, float]) -> Message:
        return data(
            seq, 101, *(metric(alias, value, at(seconds), is_historical=True) for alias, value, seconds in points)
        )

    def test_late_values_fill_from_the_first_to_the_last(self) -> None:
        made = self.outage()
        assert filled(made.decode([self.late(2, (1, 2.5, 15), (2, 3.0, 20))], 101.0)) == [
            (at(15), at(20), AB, "redelivery")
        ]
        assert filled(made.decode([self.late(3, (1, 3.5, 90))], 102.0)) == [(at(15), at(90), AB, "redelivery")]
        assert not made.decode([data(4, 103, metric(1, 1.0, at(103)))], 103.0).filled

    def test_signals_without_late_values_are_not_filled(self) -> None:
        made = self.outage()
        assert filled(made.decode([self.late(2, (1, 2.5, 15), (1, 3.0, 20))], 101.0)) == [
            (at(15), at(20), ("a",), "redelivery")
        ]

    def test_where_the_store_is_known_to_reach_they_fill_from_the_beginning(self) -> None:
        made = self.outage(node_history="2 min")
        [(start, *rest)] = filled(made.decode([self.late(2, (1, 2.5, 15))], 101.0))
        assert start <= at(10)
        assert rest == [at(15), ("a",), "redelivery"]
        made = self.outage(node_history="50 s")
        assert filled(made.decode([self.late(2, (1, 2.5, 15), (1, 2.5, 80))], 101.0)) == [
            (at(15), at(80), ("a",), "redelivery")
        ]

    def test_late_values_are_no_report_of_the_present(self) -> None:
        made = born()
        made.decode([data(2, 10), data(5, 20, metric(1, 5.0, at(15), is_historical=True))], 20.0)
        assert gaps(made.tick(22.0, ns(at(22)))) == [(at(10), at(20), AB, "sequence")]


class TestAgain:
    def test_a_birth_says_all_by_itself(self) -> None:
        birth = births(at(0), metric("a", 1.0, at(0)), metric("b", 2.0, at(0)))[1]
        decoded = decoder().again(birth, "b")
        assert samples(decoded) == [("b", at(0), 2.0, GOOD)]
        assert decoded.refusals.is_empty()

    def test_data_by_name_does_too_and_by_alias_where_the_birth_has_come(self) -> None:
        assert samples(decoder().again(data(7, 1, metric("a", 3.0, at(1))), None)) == [("a", at(1), 3.0, GOOD)]
        by_alias = data(7, 1, metric(1, 3.0, at(1)))
        assert "no birth says which metric has the alias 1" in told(decoder().again(by_alias, "a"))
        assert samples(born().again(by_alias, "a")) == [("a", at(1), 3.0, GOOD)]

    def test_what_is_none_even_now_is_refused_again(self) -> None:
        made = decoder()
        assert made.again(Message("spBv1.0/works/DDATA/gw/press", b"\xff", 1, 0), None).refusals.height == 1
        assert made.again(Message("spBv1.0/works/DDATA/gw/gone", b"", 0, 0), "a").refusals.height == 1
        birth = births(at(0), metric("a", 1.0, at(0)))[1]
        assert made.again(birth, "b").refusals["signal"].to_list() == ["b"]


def test_batches_are_the_same_however_messages_fall_into_them() -> None:
    made, other = born(), born()
    messages = [data(seq, seq, metric(1, float(seq), at(seq)), metric("b", 2.0, at(seq))) for seq in range(2, 60)]
    whole = made.decode(messages, 0.0).samples
    assert pl.concat([other.decode([one], 0.0).samples for one in messages]).equals(whole)
