"""A small installation on disk: one press, its state and a condition in a recorded file."""

from pathlib import Path

PARK = """\
id: park
calendars:
  office:
    shifts:
      - {name: day, start: "08:00", end: "16:00"}
factories:
  - {id: works, time_zone: Asia/Shanghai, calendar: office}
"""

LINE = """\
line: line-1
factory: works
sources:
  - {name: plc, kind: mqtt, host: 127.0.0.1}
equipment:
  - id: press
    signals:
      - name: execution
        source: plc
        topic: press/execution
        type: text
        role: state
        states: {RUN: producing, WAIT: idle}
      - name: trouble
        source: plc
        topic: press/trouble
        type: text
        role: condition
        item: logic
      - name: force
        source: plc
        topic: press/force
        type: float
        limits: [{high: 80}]
"""

RECORDED = """\
2026-03-02T00:00:00Z|execution|RUN|force|10.5
2026-03-02T02:00:00Z|execution|WAIT|force|90
2026-03-02T02:00:00Z|logic|fault|345|||DOOR OPEN
2026-03-02T03:00:00Z|execution|RUN|force|20
2026-03-02T03:00:00Z|logic|normal||||
2026-03-02T04:00:00Z|execution|RUN
"""
"""Eight in the morning to noon, in Shanghai: three hours of work and one of waiting."""

SAMPLES = 9
"""Reports in it."""


def install(folder: Path) -> Path:
    """Write the installation; give its line file."""
    (folder / "lines").mkdir(parents=True)
    (folder / "park.yaml").write_text(PARK, encoding="utf-8")
    (folder / "parkline.yaml").write_text("store:\n  kind: lake\n", encoding="utf-8")
    line = folder / "lines" / "line-1.yaml"
    line.write_text(LINE, encoding="utf-8")
    return line


def record(folder: Path, text: str = RECORDED) -> Path:
    """Write the recorded file."""
    folder.mkdir(parents=True, exist_ok=True)
    recorded = folder / "day.shdr.txt"
    recorded.write_text(text, encoding="utf-8")
    return recorded
