"""What a line file may say of a Sparkplug source and its signals."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.sources.sparkplug import topics
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings
from adapters.sources.sparkplug.topics import Topic, Verb

PLACE = {"group": "works", "node": "gw", "metric": "Folder/Speed"}


def test_a_host_is_enough() -> None:
    made = SparkplugSettings(host="broker")
    assert (made.host_id, made.rebirth, made.reorder, made.node_history) == (
        "",
        timedelta(seconds=10),
        timedelta(seconds=2),
        timedelta(0),
    )


def test_the_link_is_mqtts_in_a_session_that_no_broker_keeps() -> None:
    made = SparkplugSettings(host="broker", port=1884, user="u", password=SecretStr("p"), protocol="3.1.1", batch=7)
    link = made.link
    assert (link.host, link.port, link.user, link.protocol, link.batch) == ("broker", 1884, "u", "3.1.1", 7)
    assert link.password == SecretStr("p")
    assert not link.persistent
    assert link.qos == 1
    assert link.share == ""


@pytest.mark.parametrize("host_id", ["a/b", "a+b", "#", "\0"])
def test_a_host_id_is_one_level_of_a_topic(host_id: str) -> None:
    with pytest.raises(ValidationError):
        SparkplugSettings(host="broker", host_id=host_id)


def test_an_address_is_a_metric_of_a_device_or_of_the_edge_node() -> None:
    assert SparkplugAddress(**PLACE).device == ""
    assert SparkplugAddress(**PLACE, device="press").device == "press"


@pytest.mark.parametrize(
    "wrong",
    [
        {"group": ""},
        {"node": "a/b"},
        {"device": "+"},
        {"group": "#"},
        {"metric": ""},
        {"metric": " a"},
        {"node": "gw "},
        {"topic": "t"},
    ],
)
def test_a_wrong_address_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SparkplugAddress(**(PLACE | wrong))


@pytest.mark.parametrize("verb", list(Verb))
def test_a_topic_that_is_written_is_read(verb: Verb) -> None:
    topic = Topic(verb, "my group", "gw", "press 1" if verb[0] == "D" else "")
    assert topics.read(topics.written(topic)) == topic


@pytest.mark.parametrize(
    "topic",
    [
        *("spBv1.0/g/NDATA", "spBv1.0/g/NDATA/n/d", "spBv1.0/g/DDATA/n", "spBv1.0/g/DDATA/n/d/e", "spAv1.0/g/NDATA/n"),
        *("spBv1.0/g/NCMD/n", "spBv1.0/g/DCMD/n/d", "spBv1.0/STATE/host", "", "spBv1.0/g/ndata/n"),
    ],
)
def test_other_topics_are_none(topic: str) -> None:
    assert topics.read(topic) is None


def test_all_devices_of_an_edge_node_are_subscribed_to() -> None:
    assert topics.filters("g", "n") == [
        *("spBv1.0/g/NBIRTH/n", "spBv1.0/g/NDATA/n", "spBv1.0/g/NDEATH/n"),
        *("spBv1.0/g/DBIRTH/n/+", "spBv1.0/g/DDATA/n/+", "spBv1.0/g/DDEATH/n/+"),
    ]
