"""The role `api`: one process that answers the park's platform, the page and people."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from adapters.stores.contract import Store, StoreError
from api.access import is_loopback
from api.app import create_app
from api.delivering import Dispatcher
from api.exporting import Exporter
from api.keeper import Keeper
from api.oidc import trusting
from api.parts import PATIENCE_S, Parts
from api.tls import Tls, watch
from api.wire import Server, guarded, make_room
from collector.assembly import open_records, open_store
from collector.deadletters import Choice
from collector.load import Config, load
from collector.records import Records, RecordsError
from collector.redecoding import Told, replay_letters
from collector.settings import ApiSettings

FINISHING_S: Final = 5
"""Seconds that requests under way have to finish when the role stops."""

_EACH: Final = timedelta(seconds=PATIENCE_S)
"""How long one statement of the records may take: whoever asks waits as long for the records as for the store."""

_NO_TLS: Final = (
    "keys and data can be read on the way: write `tls` under `api:`, or let nobody but a proxy that does TLS come here"
)
"""What to do where the API is heard on a network as plain HTTP."""

_log = structlog.get_logger()


class CannotListenError(OSError):
    """The address cannot be listened on; the text says why and what to do."""


async def serve(config: Config, stop: asyncio.Event) -> None:
    """Answer until `stop` is set; return after the requests under way are answered and all is closed.

    It answers while the store or the records are down: with problems where it needs them.

    Raises:
        CannotListenError: the address is taken, or is none of this machine.
        TlsError: the certificate or its key cannot be used.
    """
    settings = config.installation.api
    tls = Tls(settings.tls, config.folder, now=_now()) if settings.tls is not None else None
    if tls is None and not is_loopback(settings.host):
        _log.warning("no TLS", host=settings.host, remedy=_NO_TLS)
    with _listening(settings) as listener:
        async with serving(config) as parts:
            app = create_app(parts)
            gc.collect()
            gc.freeze()  # going through a great park and its routes again takes a second, in which nobody is answered
            server = Server(_uvicorn(app, settings, tls), settings)
            async with aclosing(app.state.journal), asyncio.TaskGroup() as group:
                group.create_task(server.serve(sockets=[listener]), name="http")
                group.create_task(Exporter(parts).run(stop), name="exports")
                group.create_task(Dispatcher(parts).run(stop), name="webhooks")
                watching = [group.create_task(watch(tls, _now), name="certificate")] if tls is not None else []
                scheme = "http" if tls is None else "https"
                _log.info("api", page=f"{scheme}://{settings.host}:{settings.port}/", open_page=settings.open_page)
                await stop.wait()
                server.should_exit = True
                await app.state.hub.aclose()
                for task in watching:
                    task.cancel()


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Parts]:
    """Keep the records and the store of an installation open, and give what the routes stand on."""
    records = Keeper[Records]("records", lambda: open_records(config, each=_EACH), (RecordsError,))
    store = Keeper[Store]("store", lambda: open_store(config), (StoreError,))
    async with records.kept(), store.kept(), trusting(config.installation.api.oidc) as tokens:
        yield Parts(
            park=config.park,
            settings=config.installation.api,
            open_data=config.installation.open_data,
            records=records,
            store=store,
            now=_now,
            replay=partial(_replay, config.file, records, asyncio.Lock()),
            tokens=tokens,
        )


async def _replay(
    file: Path,
    records: Keeper[Records],
    turn: asyncio.Lock,
    choice: Choice,
    dry_run: bool,  # noqa: FBT001 - as `api.parts.Replay` has it
    asked_by: str,
) -> list[Told]:
    """Replay letters as the files say now, which may have been mended since the role was started.

    One after the other holds `turn`: of two who ask for one letter the second finds it settled.
    """
    config = await asyncio.to_thread(load, file)
    async with turn:
        telling = replay_letters(config, records(), choice, dry_run=dry_run, now=_now, asked_by=asked_by)
        return [told async for told in telling]


def _now() -> datetime:
    return datetime.now(UTC)


def _uvicorn(app: FastAPI, settings: ApiSettings, tls: Tls | None) -> uvicorn.Config:
    room = make_room(settings.connections)
    if room < settings.connections:
        _log.warning("few files may be open", connections=room, wanted=settings.connections, remedy="raise ulimit -n")
    return uvicorn.Config(
        app,
        http=guarded(settings),
        ssl_context_factory=None if tls is None else lambda _config, _default: tls.context,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # its warnings are of what strangers send, and would fill the log
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `api.access` looks at them itself: only an unforwarded request is from this machine
        timeout_graceful_shutdown=FINISHING_S,
    )


@contextmanager
def _listening(settings: ApiSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        msg = (
            f"cannot listen on {settings.host} port {settings.port} ({error.strerror or error}); end what listens "
            "there, or write another `host` or `port` under `api:` in parkline.yaml"
        )
        raise CannotListenError(msg) from error
    with listener:
        yield listener
