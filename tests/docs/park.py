"""A client of parkline: pages, tags, retries, files that are resumed, and events of which none is missed."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, JsonValue

Row = TypeVar("Row", bound=BaseModel)


class Factory(BaseModel):
    """A factory; what else the API tells of it is left alone."""

    path: str
    title: dict[str, str]
    time_zone: str


class Result(BaseModel):
    """One KPI of one window."""

    path: str
    kpi: str
    unit: str
    start: datetime
    end: datetime
    value: float | None
    version: int


class Export(BaseModel):
    """A file that is made for us."""

    id: str
    state: str
    problem: str
    bytes: int
    sha256: str | None
    file: str | None


class Event(BaseModel):
    """Something that changed; of topic `reset`: read everything again that `data["read"]` names."""

    id: int
    topic: str
    data: dict[str, JsonValue]


class ProblemError(Exception):
    """The API said no: branch on `type`, which docs/problems.md explains."""

    def __init__(self, answer: httpx.Response) -> None:
        told = answer.json()
        super().__init__(f"{told['title']}: {told['detail']}")
        self.type: str = told["type"]


class Park:
    """The API of one park, as one key may see it; leaving the block closes its connections."""

    def __init__(
        self, address: str, key: str, *, sleep: Callable[[float], None] = time.sleep, attempts: int = 8
    ) -> None:
        self._http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        self._sleep = sleep
        self._attempts = attempts
        self._pages: dict[str, tuple[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask, again where that may help: after `Retry-After`, or ever later where nobody answers."""
        for attempt in range(1, self._attempts + 1):
            wait = min(2.0**attempt, 60)
            try:
                answer = self._http.request(method, f"/api/v1/{path}", **request)
            except httpx.TransportError:
                if attempt == self._attempts:
                    raise
            else:
                if answer.status_code < 400:
                    return answer
                if "Retry-After" not in answer.headers or attempt == self._attempts:
                    raise ProblemError(answer)
                wait = float(answer.headers["Retry-After"])
            self._sleep(wait)
        raise AssertionError

    def write(self, method: str, path: str, body: dict[str, JsonValue]) -> Any:
        """Have something done once, however often it has to be sent."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self.ask(method, path, json=body, headers=key).json()

    def read(self, path: str, /, **parameters: Any) -> Any:
        """Read an answer; one that is as it was the last time is not sent again."""
        url = str(httpx.URL(path, params=parameters))
        tag, body = self._pages.get(url, ("", None))
        answer = self.ask("GET", path, params=parameters, headers={"If-None-Match": tag} if tag else {})
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return body
        self._pages[url] = answer.headers["ETag"], answer.json()
        return self._pages[url][1]

    def rows(self, path: str, model: type[Row], /, **parameters: Any) -> Iterator[Row]:
        """Read a list, page after page; what is written meanwhile shifts nothing."""
        token: str | None = ""
        while token is not None:
            page = self.read(path, **parameters, page_token=token)
            yield from map(model.model_validate, page["items"])
            token = page["next_page_token"]

    def export(self, file: Path, **wanted: JsonValue) -> None:
        """Have rows made into a file, wait for it, and download it; raises RuntimeError if it cannot be made."""
        export = Export.model_validate(self.write("POST", "exports", wanted))
        while export.state in {"queued", "running"}:
            self._sleep(1)
            export = Export.model_validate(self.ask("GET", f"exports/{export.id}").json())
        if export.state != "done":
            raise RuntimeError(export.problem)
        self.download(export, file)

    def download(self, export: Export, file: Path) -> None:
        """Download a file, or the rest of it: what is there already is not sent again."""
        assert export.file is not None
        while (there := file.stat().st_size if file.exists() else 0) < export.bytes:
            rest = {"Range": f"bytes={there}-", "If-Range": f'"{export.sha256}"'}
            with (
                suppress(httpx.TransportError),
                self._http.stream("GET", export.file, headers=rest) as answer,
                file.open("ab") as to,
            ):
                if answer.status_code != httpx.codes.PARTIAL_CONTENT:
                    answer.read()
                    raise ProblemError(answer)
                for part in answer.iter_raw():
                    to.write(part)
        if hashlib.sha256(file.read_bytes()).hexdigest() != export.sha256:
            msg = f"{file} is not what was exported: delete it, and download it again"
            raise RuntimeError(msg)

    def events(self, last: int | None = None, **parameters: Any) -> Generator[Event, None, None]:
        """Listen, for ever; keep `id` of the last event, come back with it, and none is missed or told twice."""
        if last is None:
            last = self.ask("GET", "events", params={"limit": 1}).json()["last"]
        while True:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
            with (
                suppress(httpx.TransportError),
                self._http.stream("GET", "/api/v1/events", params=parameters, headers=headers) as answer,
            ):
                if answer.status_code == httpx.codes.OK:
                    for event in told_in(answer.iter_lines()):
                        last = event.id
                        yield event
                elif "Retry-After" not in answer.headers:
                    answer.read()
                    raise ProblemError(answer)
            self._sleep(2)


def told_in(lines: Iterator[str]) -> Iterator[Event]:
    """Read Server-Sent Events."""
    told: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            told[name] = value
        elif "data" in told:
            yield Event(id=int(told["id"]), topic=told["event"], data=json.loads(told["data"]))
            told = {}
