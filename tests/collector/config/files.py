"""Configurations of tests, written into a folder."""

from pathlib import Path

from collector.load import Config, ConfigError, load

PARK = """
id: park
calendars:
  two-shift:
    shifts:
      - { name: day, start: 08:00, end: 20:00 }
      - { name: night, start: 20:00, end: 08:00 }
factories:
  - { id: press-works, time_zone: Asia/Shanghai, calendar: two-shift }
"""

LINE = """
line: press-line
factory: press-works
sources:
  - { name: plc, kind: opcua, endpoint: "opc.tcp://127.0.0.1:4840" }
equipment:
  - id: press-01
    signals:
      - { name: force, source: plc, node: nsu=urn:press;s=Force, type: float, unit: kN }
"""


def write(folder: Path, files: dict[str, str | bytes] | None = None, **more: str) -> Path:
    """Write a whole configuration: a small right one, with `files` put over it; give its folder.

    Args:
        folder: where to.
        files: text or bytes by path.
        more: text of `parkline`, `park`, or of the line file `line`.
    """
    texts: dict[str, str | bytes] = {
        "parkline.yaml": more.get("parkline", ""),
        "park.yaml": more.get("park", PARK),
        "lines/press.yaml": more.get("line", LINE),
        **(files or {}),
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def loaded(folder: Path, files: dict[str, str | bytes] | None = None, **more: str) -> Config:
    """Write a configuration and load it."""
    return load(write(folder, files, **more))


def told(folder: Path, files: dict[str, str | bytes] | None = None, **more: str) -> list[str]:
    """Write a configuration and give its problems as `file:line:column: message`, the folder left out."""
    try:
        load(write(folder, files, **more))
    except ConfigError as error:
        return [str(one).removeprefix(f"{folder}/") for one in error.problems]
    return []


def signals(*rows: str) -> str:
    """Give a line file with these signals, each in one line from line 9 on."""
    head = LINE.partition("      - {")[0]
    return head + "".join(f"      - {{ source: plc, node: nsu=urn:p;s=A, {row} }}\n" for row in rows)
