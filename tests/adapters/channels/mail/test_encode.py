"""A notice as a mail: what it says survives the way, and headers hold nothing but what they should."""

from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.channels.contract import Notice
from adapters.channels.mail.encode import encode, message_id
from adapters.channels.mail.settings import MailSettings
from tests.conformance.channel import NOTICE, NOTICES

NOW = datetime(2026, 3, 1, 1, 42, 7, tzinfo=UTC)
PRINTED = st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=150)


def settings(**written: Any) -> MailSettings:
    plain = {
        "host": "smtp.works.example",
        "sender": "设备报警 <alerts@works.example>",
        "to": ["zhang.wei@works.example"],
    }
    return MailSettings.model_validate({**plain, **written})


def read(notice: Notice, **written: Any) -> EmailMessage:
    raw = encode(notice, settings(**written), NOW)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(mail, EmailMessage)
    assert mail.defects == []
    return mail


def body_of(mail: EmailMessage) -> str:
    """Give the text, with the line ends that it had before it was mailed."""
    text = mail.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n").removesuffix("\n")


def test_all_headers() -> None:
    mail = read(NOTICE, to=["Zhang Wei <zhang.wei@works.example>", "夜班 <night@works.example>"])
    assert dict(mail.items()) == {
        "From": "设备报警 <alerts@works.example>",
        "To": "Zhang Wei <zhang.wei@works.example>, 夜班 <night@works.example>",
        "Subject": NOTICE.title,
        "Date": "Sun, 01 Mar 2026 01:42:07 +0000",
        "Message-ID": "<ntc_01JC9Z8E3V.raised=3A1@works.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "zh-CN",
        "Importance": "high",
        "X-Priority": "1",
        "X-Parkline-Id": NOTICE.id,
        "X-Parkline-Event": "alert.raised",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
        "MIME-Version": "1.0",
    }
    assert body_of(mail) == NOTICE.text


def test_what_is_not_urgent_does_not_say_so() -> None:
    assert not {"Importance", "X-Priority"} & set(read(NOTICES["en"]).keys())


@given(title=PRINTED, text=PRINTED)
def test_title_and_text_survive(title: str, text: str) -> None:
    mail = read(replace(NOTICE, title=title, text=text))
    assert str(mail["Subject"]) == " ".join(title.split())
    assert body_of(mail) == text


@given(title=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=150))
def test_any_title_is_one_line_of_one_header(title: str) -> None:
    mail = read(replace(NOTICE, title=title, text="text"))
    assert str(mail["Subject"]).isprintable()
    assert mail["Bcc"] is None
    assert body_of(mail) == "text"


def test_a_title_of_two_lines_adds_no_header() -> None:
    mail = read(replace(NOTICE, title="one\r\nBcc: me@elsewhere.example\r\n\r\ntwo"))
    assert str(mail["Subject"]) == "one Bcc: me@elsewhere.example two"


def test_a_subject_that_is_too_long_is_cut() -> None:
    subject = str(read(replace(NOTICE, title="振动" * 500))["Subject"])
    assert len(subject) == 200
    assert subject.endswith("已截断）")  # noqa: RUF001 - Chinese punctuation


IDS = st.from_regex(r"[!-~]{1,60}", fullmatch=True)


@given(one=IDS, other=IDS)
def test_message_ids_differ_where_ids_do_and_are_such(one: str, other: str) -> None:
    made = message_id(one, "Alerts <alerts@works.example>")
    assert str(read(replace(NOTICE, id=one))["Message-ID"]).strip() == made  # a long one begins on a line of its own
    local = made.removeprefix("<").removesuffix("@works.example>")
    assert all(local.split("."))
    assert set(local) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.=")
    assert (made == message_id(other, "alerts@works.example")) is (one == other)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"sender": "alerts"}, "no mail address"),
        ({"sender": "a@b\r\nBcc: c@d"}, "no mail address"),
        ({"sender": "报警@works.example"}, "no mail address"),
        ({"to": []}, "at least 1 item"),
        ({"to": ["a@b", "c d@e"]}, "no mail address"),
        ({"to": ["a@b, c@d"]}, "no mail address"),
        ({"host": "smtp://host"}, "pattern"),
        ({"user": "me"}, "belong together"),
        ({"password": "hidden"}, "belong together"),
        ({"security": "ssl"}, "'starttls', 'tls' or 'none'"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**written)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25), (False, 25)])
def test_each_way_to_encrypt_has_its_port(security: Any, port: int) -> None:
    assert settings(security=security).tcp_port == port
    assert settings(security=security, port=2525).where == "smtp.works.example:2525"
