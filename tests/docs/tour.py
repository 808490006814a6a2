"""What a platform does with the client in a night."""

import os
from contextlib import closing
from pathlib import Path

from tests.docs.park import Event, Factory, Park, Result


def tell(park: Park, folder: Path, day: dict[str, str]) -> list[str]:
    """Read the factories' days and have their samples put into a file; give the day's numbers in words."""
    said = []
    for factory in park.rows("factories", Factory):
        for result in park.rows("kpis", Result, path=factory.path, period="day", kpi="utilisation", limit=100, **day):
            number = "unknown" if result.value is None else f"{result.value:.1%}"
            said.append(f"{factory.title['en']}, {result.start:%Y-%m-%d}: {number} (version {result.version})")
    park.export(folder / "gears.parquet", what="samples", paths=["gears"], **day)
    return said


def listen(park: Park, kept: Path) -> Event:
    """Give the next event, and keep its id: a process that starts again goes on where this one was."""
    last = kept.read_text() if kept.exists() else None
    with closing(park.events(last, topic="alerts")) as events:
        event = next(events)
    kept.write_text(event.id)
    return event


def acknowledge(park: Park, alert: str) -> str:
    """Acknowledge an alert; give how it stands then."""
    told = park.write("POST", f"alerts/{alert}/acknowledgement", {"comment": "seen", "person": "the platform"})
    return str(told["state"])


if __name__ == "__main__":
    window = {"start": "2026-11-22T00:00:00+08:00", "end": "2026-11-24T00:00:00+08:00"}
    with Park("https://parkline.example", os.environ["PARKLINE_KEY"]) as here:
        print("\n".join(tell(here, Path(), window)))
