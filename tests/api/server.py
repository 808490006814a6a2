"""The plant's API on a free loopback port, in a thread of its own, for clients that are not asynchronous."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.wire import Server, guarded
from collector.settings import ApiSettings
from tests.api.plant import Plant

PATIENCE_S = 10.0
"""Seconds within which the server starts and stops."""


@contextmanager
def serving(
    plant: Plant,
    *,
    open_page: bool = False,
    troubles: Sequence[Exception] = (),
    settings: ApiSettings | None = None,
) -> Iterator[str]:
    """Serve the plant's API as `Plant.parts` makes it; give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    started, failed = threading.Event(), list[BaseException]()
    stop: list[tuple[asyncio.AbstractEventLoop, uvicorn.Server]] = []

    async def serve() -> None:
        async with plant.parts(open_page=open_page, troubles=troubles, settings=settings) as parts:
            server = Server(_uvicorn(create_app(parts), parts.settings), parts.settings)
            stop.append((asyncio.get_running_loop(), server))
            started.set()
            await server.serve(sockets=[listener])

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the test, which waits for the start
            failed.append(error)
            started.set()

    thread = threading.Thread(target=run, name="api of the test")
    thread.start()
    assert started.wait(PATIENCE_S)
    try:
        if failed:
            raise failed[0]
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for loop, server in stop:
            loop.call_soon_threadsafe(_end, server)
        thread.join(PATIENCE_S)
        listener.close()
    assert not thread.is_alive()
    assert not failed


def _uvicorn(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    """Give what `api.role` serves with, but for TLS."""
    return uvicorn.Config(
        app,
        http=guarded(settings),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True
