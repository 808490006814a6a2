"""The server: requests to it, and what went wrong in the words of the store's contract.

Lines go through influxdb-client's connections as the bytes that they are, past its `Point`, its batching and its
compression. 1.8 and 2.x take them at `/api/v2/write`; 3.x at `/api/v3/write_lp` too, where it numbers bad lines.
Questions go to `/query`, which that package does not know, through httpx.
"""

import asyncio
import re
import socket
import ssl
import struct
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import httpx
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException
from isal import igzip

from adapters.stores.contract import StoreRefusedError, StoreUnavailableError
from adapters.stores.influxdb import decode
from adapters.stores.influxdb.answers import Answer, Verdict
from adapters.stores.influxdb.compression import Compression
from adapters.stores.influxdb.encode import PIECE, Unit
from adapters.stores.influxdb.pace import Pace
from adapters.stores.influxdb.settings import InfluxSettings

CSV_UNTIL: Final = 2
"""The last major version whose answers in CSV can be read back exactly."""

_NO_ORG: Final = "-"
_LOGIN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_VERSION: Final = re.compile(r"v?(\d+)\.")
_VERSION_IN_HEALTH: Final = re.compile(r'"version"\s*:\s*"v?(\d+)\.')
_WRITE: Final = "/api/v2/write"
_WRITE_3: Final = "/api/v3/write_lp"
_UNITS_3: Final[Mapping[Unit, str]] = {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}
_NOWHERE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_GZIP_LEVEL: Final = 1
"""Of isal's levels 0 to 3: ten times as fast as the client's own compression (zlib, level 9) at nearly its ratio."""
_NOT_FOUND: Final = re.compile(r"not found|no dbrp mapping", re.IGNORECASE)
_FOR_GOOD: Final = re.compile(r"error parsing|invalid|limit exceeded|not authorized|not supported", re.IGNORECASE)


class MissingError(StoreRefusedError):
    """The database, bucket or mapping is not there."""


class LockedOutError(StoreRefusedError):
    """The credentials are wrong, or do not allow it."""


class InfluxServer:
    """One InfluxDB that said who it is; `connect` makes it."""

    def __init__(
        self, settings: InfluxSettings, http: httpx.AsyncClient, influx: InfluxDBClientAsync, major: int
    ) -> None:
        self.settings = settings
        self.name = settings.name
        self.major = major
        """Major version: 1, 2 or 3."""
        self._http = http
        self._influx = influx
        self.pace = Pace(PIECE, settings.timeout.total_seconds())
        """How much may go into one request."""
        self._compression = Compression()
        self._third = major > CSV_UNTIL

    async def write(self, body: bytes, unit: Unit = "ns") -> Answer:
        """Send lines with times in `unit`; give the answer, whatever it is. Raises StoreUnavailableError for none."""
        size, asked = len(body), self.settings.gzip
        compressed = size > 0 and (asked == "on" or (asked == "auto" and self._worth_it(size)))
        if compressed:
            body = await asyncio.to_thread(igzip.compress, body, _GZIP_LEVEL)
        begun = time.monotonic()
        try:
            answer = await self._post(body, unit, {"Content-Encoding": "gzip"} if compressed else {})
        except StoreUnavailableError as error:
            self._compression.forget()
            if size and isinstance(error.__cause__, TimeoutError):
                self.pace.unanswered(size)
            raise
        if answer.verdict is Verdict.STORED:
            took = time.monotonic() - begun
            self.pace.answered(size, took)
            self._compression.learn(size, took, compressed=compressed)
        else:
            self._compression.forget()
        return answer

    def _worth_it(self, size: int) -> bool:
        return self.pace.slow or self._compression.choose(size)

    async def _post(self, body: bytes, unit: Unit, headers: Mapping[str, str]) -> Answer:
        settings = self.settings
        if self._third:
            params = {"db": settings.bucket, "precision": _UNITS_3[unit], "accept_partial": "true"}
            answer = await self._posted(_WRITE_3, params, body, headers)
            # Some services of that name have no such endpoint; the first, empty write tells.
            if body or answer.status not in _NOWHERE:
                return answer
            self._third = False
        params = {"org": settings.org or _NO_ORG, "bucket": settings.bucket, "precision": unit}
        return await self._posted(_WRITE, params, body, headers)

    async def _posted(self, path: str, params: Mapping[str, str], body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            _, status, got = await self._influx.api_client.call_api(
                path,
                "POST",
                query_params=list(params.items()),
                header_params={"Content-Type": "text/plain; charset=utf-8", "Accept": "application/json", **headers},
                body=body,
                _return_http_data_only=False,
            )
        except ApiException as error:
            return Answer(int(error.status or 0), error.headers or {}, error.body or b"")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unanswered(self.name, error) from error
        return Answer(int(status), got, b"")

    async def ask_csv(self, statement: str) -> bytes:
        """Ask one InfluxQL question; give the answer's body in CSV, which shows no errors of a statement."""
        return (await self._asked(statement, "application/csv")).body

    async def ask(self, statement: str) -> list[decode.Series]:
        """Ask one InfluxQL question; give the series of the answer.

        Raises:
            MissingError: no such database, bucket or mapping.
            StoreUnavailableError: no answer, or it failed for now.
            StoreRefusedError: it forbids.
        """
        return self._told(await self._asked(statement, "application/json"))

    async def order(self, statement: str) -> None:
        """Run an InfluxQL statement that changes something; raises as `ask`."""
        self._told(self._answered(await self._send("POST", "/query", {"q": statement})))

    async def api(self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Any = None) -> Answer:
        """Call the server's own API; give the answer unless it means later. Raises StoreUnavailableError."""
        answer = await self._send(method, path, params, json=json)
        if answer.verdict is Verdict.LATER:
            raise self.later(answer)
        return answer

    def later(self, answer: Answer) -> StoreUnavailableError:
        """Give the error for an answer that means later."""
        return _later(self.name, answer)

    def forbids(self, answer: Answer) -> StoreRefusedError:
        """Give the error for an answer that forbids, with what to do about it."""
        if answer.status in _LOGIN:
            return _locked_out(self.settings, answer)
        if answer.status == HTTPStatus.NOT_FOUND or answer.lacks_retention_policy:
            return MissingError(self.name, f"{answer.reason}; {self.how_to_create()}")
        if "Location" in answer.headers:
            return StoreRefusedError(self.name, f"sends us on to {answer.headers['Location']}; write that as `url`")
        return StoreRefusedError(self.name, f"{answer.reason}; check `url`, and the server's limits and log")

    def failed(self, error: decode.AnswerError) -> StoreRefusedError | StoreUnavailableError:
        """Give the error for a question that failed."""
        said = " ".join(str(error).split())
        if _NOT_FOUND.search(said):
            return MissingError(self.name, f"{said}; {self.how_to_create()}")
        if _FOR_GOOD.search(said):
            return StoreRefusedError(self.name, f"refuses a question ({said})")
        return StoreUnavailableError(self.name, f"a question failed ({said})")

    def how_to_create(self) -> str:
        """Say how a person makes what is missing."""
        settings = self.settings
        if self.major == 1:
            commands = [f'CREATE DATABASE "{settings.database}"']
            if settings.policy:
                named = f'"{settings.policy}" ON "{settings.database}"'
                commands.append(f"CREATE RETENTION POLICY {named} DURATION INF REPLICATION 1")
            return f"run `influx -execute '{'; '.join(commands)}'`"
        if self.major == 2:  # noqa: PLR2004 - the version of that name
            command = f"influx bucket create --name '{settings.bucket}' --org '{settings.org or 'ORG'}'"
            return f"run `{command}`; if the bucket is there, check `org` and whether the token sees it"
        return f"run `influxdb3 create database '{settings.bucket}'`"

    async def _asked(self, statement: str, accept: str) -> Answer:
        policy = {"rp": self.settings.policy} if self.settings.policy else {}
        params = {"q": statement, "db": self.settings.database, "epoch": "ns", **policy}
        return self._answered(await self._send("GET", "/query", params, {"Accept": accept}))

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Answer:
        return await _send(self.name, self._http, method, path, params=params, headers=headers, json=json)

    def _answered(self, answer: Answer) -> Answer:
        """Give back an answer that is 2xx."""
        if answer.verdict is Verdict.LATER:
            raise self.later(answer)
        if not answer.good:
            raise self.forbids(answer)
        return answer

    def _told(self, answer: Answer) -> list[decode.Series]:
        try:
            return decode.read_json(answer.body)
        except decode.AnswerError as error:
            raise self.failed(error) from error


@asynccontextmanager
async def connect(settings: InfluxSettings) -> AsyncIterator[InfluxServer]:
    """Give the server while the block lasts.

    Raises:
        StoreUnavailableError: it does not answer.
        StoreRefusedError: it does not let us in, is no InfluxDB, or `ca` cannot be read.
    """
    trust = _trust(settings)
    seconds = settings.timeout.total_seconds()
    token, login = _credentials(settings)
    headers = {"Authorization": f"Token {token}"} if settings.token is not None else {}
    async with (
        httpx.AsyncClient(
            base_url=settings.url, headers=headers, auth=login, timeout=seconds, verify=trust, trust_env=False
        ) as http,
        InfluxDBClientAsync(
            settings.url,
            token=token,
            timeout=int(seconds * 1000),
            auth_basic=login is not None,
            ssl_context=trust,
            allow_redirects=False,
            client_session_type=partial(_session, trust),
        ) as influx,
    ):
        yield InfluxServer(settings, http, influx, await _greet(settings, http))


class _Connector(aiohttp.TCPConnector):
    """Connections that end at once when a request was not answered in time.

    Otherwise what is left of it would still be sent, through a link that is too slow for it.
    """

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        if should_close:
            protocol.abort()
        super()._release(key, protocol, should_close=should_close)


def _session(trust: ssl.SSLContext, *, connector: aiohttp.BaseConnector, **options: Any) -> aiohttp.ClientSession:
    """Make the session of influxdb-client with connections of ours instead of its own."""
    ours = _Connector(limit=connector.limit, ssl=trust, socket_factory=_socket)
    return aiohttp.ClientSession(connector=ours, **options)


def _socket(address: Any) -> socket.socket:
    """Make a socket that sends no more when it is closed (SO_LINGER of 0 s)."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0))
    return made


async def _greet(settings: InfluxSettings, http: httpx.AsyncClient) -> int:
    """Ask for the major version: `/ping` tells it; behind a proxy that does not pass it on, others may."""
    for path, params in (("/ping", {}), ("/health", {}), ("/query", {"q": "SHOW DATABASES"})):
        answer = await _send(settings.name, http, "GET", path, params=params)
        if answer.status in _LOGIN:
            raise _locked_out(settings, answer)
        if answer.verdict is Verdict.LATER:
            raise _later(settings.name, answer)
        told = _VERSION.match(answer.headers.get("X-Influxdb-Version", ""))
        if told is None and path == "/health":
            told = _VERSION_IN_HEALTH.search(answer.body.decode(errors="replace"))
        if told is not None:
            return int(told[1])
    raise StoreRefusedError(settings.name, f"does not say that it is an InfluxDB ({answer.reason}); check `url`")


async def _send(name: str, http: httpx.AsyncClient, method: str, path: str, **request: Any) -> Answer:
    try:
        response = await http.request(method, path, **request)
    except httpx.RequestError as error:
        raise _unanswered(name, error) from error
    return Answer(response.status_code, response.headers, response.content)


def _credentials(settings: InfluxSettings) -> tuple[str, httpx.Auth | None]:
    """Give the token as the client wants it, and the login of 1.x."""
    if settings.token is not None:
        return settings.token.get_secret_value(), None
    if settings.password is not None:
        password = settings.password.get_secret_value()
        return f"{settings.user}:{password}", httpx.BasicAuth(settings.user, password)
    return "", None


def _trust(settings: InfluxSettings) -> ssl.SSLContext:
    if settings.url.startswith("http:") and settings.ca is None:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; loading the authorities takes a while
    try:
        return ssl.create_default_context(cafile=settings.ca)
    except OSError as error:  # ssl.SSLError is one
        raise StoreRefusedError(settings.name, f"cannot read `ca` {settings.ca} ({error})") from error


def _locked_out(settings: InfluxSettings, answer: Answer) -> LockedOutError:
    given = "`token`" if settings.token is not None else "`user` and `password`"
    return LockedOutError(settings.name, f"{answer.reason}; check {given}, and their rights to {settings.bucket!r}")


def _later(name: str, answer: Answer) -> StoreUnavailableError:
    wait = answer.retry_after(datetime.now(UTC))
    return StoreUnavailableError(name, f"cannot do it now ({answer.reason})", retry_after=wait)


def _unanswered(name: str, error: Exception) -> StoreUnavailableError:
    said = str(error) or type(error).__name__
    return StoreUnavailableError(name, f"no answer ({said}); is it running, and is `url` right?")
