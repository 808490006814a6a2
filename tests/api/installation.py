"""A small installation in files, as an engineer keeps it."""

import socket
from pathlib import Path
from typing import Final

PARKLINE: Final = """\
store: {{ kind: lake, folder: {folder} }}
records: {{ url: "sqlite:///data/records.db" }}
api: {{ host: 127.0.0.1, port: {port}, open_page: true }}
"""

PARK: Final = """\
id: park
calendars: { always: { shifts: [ { name: all, start: "00:00", end: "00:00" } ] } }
factories: [ { id: works, time_zone: UTC, calendar: always } ]
"""

LINE: Final = """\
line: press-shop
factory: works
sources: [ { name: plc, kind: replay, files: [ recording.csv ] } ]
equipment: [ { id: press, signals: [ { name: force, source: plc, type: float, item: FORCE } ] } ]
"""


def install(folder: Path, *, lake: str = "data/lake") -> int:
    """Write an installation; give the free port that its API listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (folder / "lines").mkdir()
    (folder / "parkline.yaml").write_text(PARKLINE.format(port=port, folder=lake), encoding="utf-8")
    (folder / "park.yaml").write_text(PARK, encoding="utf-8")
    (folder / "lines" / "press-shop.yaml").write_text(LINE, encoding="utf-8")
    (folder / "lines" / "recording.csv").write_text("time,item,value\n", encoding="utf-8")
    return port
