"""A tag list is read as spreadsheets write it, each cell with its row and number."""

from pathlib import Path

import pytest

from collector.config.marks import plain
from collector.config.problems import Report
from collector.config.table import parse_csv
from tests.collector.config.files import LINE, loaded, told

HEAD = LINE.partition("    signals:")[0]
FROM_FILE = HEAD + "    signals: press-01.csv\n"

ROWS = """name,source,node,type,unit,scale,role,states,title_zh,limit_high,hysteresis,on_delay,severity
force,plc,nsu=urn:p;s=F,float,kN,0.1,measurement,,压力,80,5,2 s,high
,,,,,,,,,,,,
state,plc,nsu=urn:p;s=S,int,,,state,0=idle; 1=producing;2=off,,,,,
"""


def rows(data: bytes) -> list[object]:
    """Give the rows of a file that is right."""
    report = Report()
    table = parse_csv(data, "a.csv", report)
    assert table is not None
    found = [plain(row) for row in table.rows()]
    assert report.problems == []
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_a_spreadsheet_saves_is_read(encoding: str, delimiter: str, ending: str) -> None:
    quoted = ROWS.replace("0=idle; 1=producing;2=off", '"0=idle; 1=producing;2=off"')
    quoted = quoted.replace("nsu=urn:p;s=F", '"nsu=urn:p;s=F"').replace("nsu=urn:p;s=S", '"nsu=urn:p;s=S"')
    text = quoted.replace(",", delimiter).replace("\n", ending)
    assert rows(text.encode(encoding)) == [
        {
            "name": "force",
            "source": "plc",
            "node": "nsu=urn:p;s=F",
            "type": "float",
            "unit": "kN",
            "scale": "0.1",
            "role": "measurement",
            "title": {"zh": "压力"},
            "limits": [{"high": "80", "hysteresis": "5", "on_delay": "2 s", "severity": "high"}],
        },
        {
            "name": "state",
            "source": "plc",
            "node": "nsu=urn:p;s=S",
            "type": "int",
            "role": "state",
            "states": {"0": "idle", "1": "producing", "2": "off"},
        },
    ]


def test_a_table_becomes_the_signals_of_its_machine(tmp_path: Path) -> None:
    park = loaded(tmp_path, {"lines/press.yaml": FROM_FILE, "lines/press-01.csv": ROWS}).park
    force = park.signals["press-works/press-line/press-01/force"]
    assert (force.scale, force.unit, force.title.zh, force.limits[0].high) == (0.1, "kN", "压力", 80.0)
    assert park.equipment["press-works/press-line/press-01"].state is not None


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "press-01.csv:1:1: no columns are named here"),
        ("name,type\nforce,float\n", "press-01.csv:1:1: no column is named `source`; name it"),
        ("name,name,source,type\n", "press-01.csv:1:2: the column `name` is there twice"),
        ("name,source,type,topic\nf,plc,float,a/b\n", "2:4: `topic` is an address of `mqtt`"),
        ('name,source,type,title_zh\n"f\nx",plc,float,y\ng,plcc,float,\n', "4:2: `source`: there is no source `plcc`"),
        ('name,source,type,scale\nf,plc,float,"0,5"\n', "2:4: `scale`: `0,5` is not a number; write it with a point"),
        ("name,source,type,role,states\nf,plc,int,state,0=idle;x\n", "2:5: `states`: `x` is no pair"),
        ("name,source,type,role,states\nf,plc,int,state,0=idle;0=off\n", "2:5: `states`: `0` is there twice"),
        ("name,source,type,hysteresis\nf,plc,float,2\n", "2:4: `limits`: a limit needs `high`, `low` or both"),
        (b"name,source,type\n\xff\xff,plc,float\n", "1:1: this is neither UTF-8 nor GBK"),
        ("name,source,type\n" + "x" * 200_000 + ",plc,float\n", "2:1: this row cannot be read"),
    ],
)
def test_a_mistake_in_a_table_is_told_by_row_and_cell(tmp_path: Path, table: str | bytes, problem: str) -> None:
    problems = told(tmp_path, {"lines/press.yaml": FROM_FILE, "lines/press-01.csv": table})
    assert any(problem in one for one in problems), problems


def test_a_column_that_is_missing_is_told_once(tmp_path: Path) -> None:
    table = "name,source\n" + "".join(f"f{n},plc\n" for n in range(100))
    problems = told(tmp_path, {"lines/press.yaml": FROM_FILE, "lines/press-01.csv": table})
    assert len(problems) == 1
