"""No text at all breaks the loader: it loads, or it tells what is wrong."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.load import ConfigError, Problem, load
from tests.collector.config.files import LINE, PARK, write

PARKLINE = "spool: { limit: 1 GiB }\nstore: { kind: lake, folder: data }\napi: { port: 8000 }\n"
FROM_TABLE = LINE.partition("    signals:")[0] + "    signals: tags.csv\n"
TABLE = (
    "name,source,node,type,unit,role,states\nforce,plc,nsu=urn:p;s=F,float,kN,,\nrun,plc,ns=0;i=1,int,,state,1=idle\n"
)

WORDS = [
    "line",
    "factory",
    "sources",
    "equipment",
    "signals",
    "name",
    "kind",
    "id",
    "title",
    "states",
    "limits",
    "high",
    "low",
    "node",
    "topic",
    "value",
    "calendars",
    "shifts",
    "start",
    "end",
    "days",
    "breaks",
    "store",
    "park",
    "lines",
    "opcua",
    "mqtt",
    "replay",
    "lake",
    "influxdb",
    "closed",
    "open",
    "calendar",
    "type",
    "unit",
    "role",
    "scale",
    "factories",
    "time_zone",
    "records",
    "url",
    "path",
    "spool",
    "zh",
    "en",
    "state",
    "float",
    "text",
    "Cel",
    "06:00",
    "2026-10-01",
    "sqlite:///x",
    "UTC",
]

FRAGMENTS = (
    *("{", "}", "[", "]", ":", " ", "\n", "- ", "#", "&a ", "*a", "<<: *a", "!!int ", "!x", "|", "> ", "\t", "'", '"'),
    *("\\", "${env:", "${file:/etc/hostname}", "..", "---\n", "%YAML 1.1\n", "?", "@", "é", "\u2028", "\ufeff", "0x"),
    *("1e999", "~", "null", ".nan", "9" * 30, ";", ",", "=", "true"),
)

SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*WORDS, *FRAGMENTS])
)
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda tree: (
        st.lists(tree, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), tree, max_size=6)
    ),
    max_leaves=25,
)

unhurried = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Each example writes and reads four files."""


def load_or_tell(files: dict[str, str | bytes]) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), files)
        problems: tuple[Problem, ...] | None = None
        try:
            load(path)
        except ConfigError as error:
            problems = error.problems
        assert problems is None or problems
        assert all(one.line >= 1 and one.column >= 1 and one.message for one in problems or ())


@pytest.mark.parametrize("file", ["parkline.yaml", "park.yaml", "lines/press.yaml", "lines/tags.csv"])
@unhurried
@given(data=st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(file: str, data: bytes) -> None:
    load_or_tell({"lines/press.yaml": FROM_TABLE, file: data})


@unhurried
@given(parkline=TREES, park=TREES, line=TREES)
def test_any_values(parkline: Any, park: Any, line: Any) -> None:
    files = {"parkline.yaml": parkline, "park.yaml": park, "lines/press.yaml": line}
    load_or_tell({name: json.dumps(tree) for name, tree in files.items()})


@unhurried
@given(data=st.data())
def test_a_right_configuration_with_anything_in_it(data: st.DataObject) -> None:
    files = {"parkline.yaml": PARKLINE, "park.yaml": PARK, "lines/press.yaml": FROM_TABLE, "lines/tags.csv": TABLE}
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from(sorted(files)))
        text = files[name]
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 20)))
        put = data.draw(st.sampled_from([*FRAGMENTS, *WORDS]) | st.text(max_size=4))
        files[name] = text[:begin] + put + text[end:]
    load_or_tell({name: text.encode("utf-8", "surrogatepass") for name, text in files.items()})
