"""Texts are cut to what fits, and say so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.channels.contract import SEVERITIES, Language, Severity
from adapters.channels.endpoint import RobotSettings
from adapters.channels.fitting import CUT, calls, fitted, in_json, message, utf8
from tests.conformance.channel import NOTICE

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)


def robot(**settings: Any) -> RobotSettings:
    return RobotSettings.model_validate({"url": "https://robot.example/", **settings})


@pytest.mark.parametrize("size", [len, utf8, in_json])
@given(text=TEXTS, room=st.integers(60, 400), language=st.sampled_from(["zh", "en"]))
def test_what_fits_stays_and_what_does_not_is_cut_as_late_as_can_be(
    size: Callable[[str], int], text: str, room: int, language: Language
) -> None:
    made = fitted(text, room, size, language)
    assert size(made) <= room
    if size(text) <= room:
        assert made == text
        return
    longest = max(n for n in range(len(text)) if size(text[:n] + CUT[language]) <= room)
    assert made == text[:longest].rstrip() + CUT[language]


def test_the_keyword_of_a_robot_comes_in_front_where_it_is_missing() -> None:
    assert message(NOTICE, robot(keyword="报警"), 5000) == f"报警\n{NOTICE.title}\n{NOTICE.text}"
    assert message(NOTICE, robot(keyword="主轴"), 5000) == f"{NOTICE.title}\n{NOTICE.text}"
    assert message(replace(NOTICE, text=""), robot(), 5000) == NOTICE.title


@pytest.mark.parametrize("least", SEVERITIES)
def test_people_are_called_from_a_severity_on(least: Severity) -> None:
    settings = robot(mention_from=least)
    called = [severity for severity in SEVERITIES if calls(replace(NOTICE, severity=severity), settings)]
    assert called == list(SEVERITIES[SEVERITIES.index(least) :])
