"""Node ids are read as they are written, and a wrong one is answered with what to write."""

import base64
import re
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.opcua.nodeid import NodeName, parse
from tests.adapters.opcua.encoded import EXAMPLES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ns=0;i=2258", NodeName(0, 2258)),
        ("i=85", NodeName(0, 85)),
        ("ns=3;s=Press.State", NodeName(3, "Press.State")),
        ("nsu=urn:works:press;s=Press.State", NodeName("urn:works:press", "Press.State")),
        ("nsu=http://works.example/press/;i=4294967295", NodeName("http://works.example/press/", 2**32 - 1)),
        ("  nsu=urn:press;s=a  ", NodeName("urn:press", "a")),
        ('nsu=urn:press;s="DB 1"."x;y=z"', NodeName("urn:press", '"DB 1"."x;y=z"')),
        ("nsu=urn:a%3Bb%25;s=a%3B", NodeName("urn:a;b%", "a%3B")),
        ("nsu=urn:a%20b;s=c", NodeName("urn:a%20b", "c")),
        (
            "ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a",
            NodeName(1, UUID("09087e75-8e5e-499b-954f-f2a9603db28a")),
        ),
        ("ns=1;b=M/RbKBsRVkePCePcx24oRA==", NodeName(1, base64.b64decode("M/RbKBsRVkePCePcx24oRA=="))),
    ],
)
def test_a_node_id_names_namespace_and_identifier(text: str, name: NodeName) -> None:
    assert parse(text) == name


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("", "write nsu=URI;s=NAME"),
        ("Press.State", "write nsu=URI;s=NAME"),
        ("ns=2;Press.State", "write nsu=URI;s=NAME"),
        ("ns=x;i=1", "write nsu=URI;s=NAME"),
        ("nsu=;s=a", "write nsu=URI;s=NAME"),
        ("svr=1;ns=2;s=a", "write nsu=URI;s=NAME"),
        ("ns=65536;s=a", "0 to 65535"),
        ("ns=2;i=Press", "write s=Press if it is a name"),
        ("ns=2;i=4294967296", "0 to 4294967295"),
        ("ns=2;i=-1", "0 to 4294967295"),
        ("ns=2;s=" + "x" * 4097, "at most 4096 characters"),
        ("ns=2;g=42", "like g=09087e75"),
        ("ns=2;b=%%%", "like b=M/RbKBs"),
    ],
)
def test_what_is_no_node_id_is_answered_with_what_to_write(text: str, instead: str) -> None:
    with pytest.raises(ValueError, match=re.escape(instead)):
        parse(text)


@EXAMPLES
@given(
    uri=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1),
    name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=50).filter(lambda text: text == text.strip()),
)
def test_any_name_in_any_namespace_can_be_written(uri: str, name: str) -> None:
    written = uri.replace("%", "%25").replace(";", "%3B")
    assert parse(f"nsu={written};s={name}") == NodeName(uri, name)


@EXAMPLES
@given(st.text())
def test_any_text_is_a_node_id_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse(text)
