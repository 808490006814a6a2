"""A client of parkline: pages, tags, retries, files that are resumed, and events of which none is missed."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import count
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

    id: str
    topic: str
    data: dict[str, JsonValue]


class ProblemError(Exception):
    """The API said no: branch on `type`, which docs/problems.md explains."""

    def __init__(self, answer: httpx.Response) -> None:
        own = answer.headers.get("Content-Type") == "application/problem+json"
        told = answer.json() if own else {"title": answer.reason_phrase, "detail": "said by something before the API"}
        super().__init__(f"{told['title']}: {told['detail']}")
        self.type: str = told.get("type", "about:blank")
        after = answer.headers.get("Retry-After", "" if own or answer.status_code < 500 else "5")
        self.wait = float(after) if after.isdecimal() else None
        """Seconds after which to ask again; None: that does not help."""


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
        for attempt in count(1):
            try:
                answer = self._http.request(method, f"/api/v1/{path}", **request)
            except httpx.TransportError as error:
                self._wait(error, attempt)
            else:
                if answer.status_code < 400:
                    return answer
                self._wait(ProblemError(answer), attempt)
        raise AssertionError

    def _wait(self, error: httpx.TransportError | ProblemError, attempt: int) -> None:
        """Wait before asking again; raises `error` where that does not help, or has not."""
        wait = error.wait if isinstance(error, ProblemError) else min(2.0**attempt, 60)
        if wait is None or attempt >= self._attempts:
            raise error
        self._sleep(wait)

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
        if len(self._pages) > 100:
            del self._pages[next(iter(self._pages))]  # the oldest
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
        attempt = 0
        while (there := file.stat().st_size if file.exists() else 0) < export.bytes:
            rest = {"Range": f"bytes={there}-", "If-Range": f'"{export.sha256}"'}
            attempt += 1
            trouble: httpx.TransportError | ProblemError | None = None
            try:
                with self._http.stream("GET", export.file, headers=rest) as answer, file.open("ab") as to:
                    if answer.status_code == httpx.codes.PARTIAL_CONTENT:
                        for part in answer.iter_raw():
                            to.write(part)
                            attempt = 1
                    else:
                        answer.read()
                        trouble = ProblemError(answer)
            except httpx.TransportError as error:
                trouble = error
            if trouble is not None:
                self._wait(trouble, attempt)
        with file.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
        if digest != export.sha256:
            msg = f"{file} is not what was exported: delete it, and download it again"
            raise RuntimeError(msg)

    def events(self, last: str | None = None, **parameters: Any) -> Generator[Event, None, None]:
        """Listen, for ever; keep `id` of the last event, come back with it, and none is missed or told twice."""
        if last is None:
            last = self.ask("GET", "events", params={"limit": 1}).json()["last"]
        while True:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
            with (
                suppress(httpx.TransportError),
                self._http.stream("GET", "/api/v1/events", params=parameters, headers=headers) as answer,
            ):
                if answer.status_code == httpx.codes.OK:
                    for event in told_in(answer.iter_lines()):
                        last = event.id
                        if event.topic:
                            yield event
                else:
                    answer.read()
                    problem = ProblemError(answer)
                    if problem.wait is None:
                        raise problem
            self._sleep(2)


def told_in(lines: Iterator[str]) -> Iterator[Event]:
    """Read Server-Sent Events; one without a topic is a sign of life, whose id says up to where all was told."""
    told: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            told[name] = value
        elif "id" in told:
            yield Event(id=told["id"], topic=told.get("event", ""), data=json.loads(told.get("data", "{}")))
            told = {}
