"""TLS of the API: its certificate and key, and whose certificates clients must have.

What cannot work is told before anything listens: a file that is missing, unreadable or no PEM, a key of another
certificate, a wrong password, a certificate that is over or not yet valid. While the API runs, files that change are
read again, for a renewed certificate (`certbot`, an internal CA) needs no restart: new connections get it, open ones
keep the old. Files that are wrong then are told in the log, and the old certificate stays in use. A client CA that is
taken out of its file is trusted until the restart.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from collector.settings import TlsSettings
from collector.tlsfiles import TlsError, check_files

EVERY: Final = timedelta(minutes=1)
"""How often files are looked at."""

SOON: Final = timedelta(days=30)
"""How long before its end a certificate is told to need renewal, once a day."""

_log = structlog.get_logger()


class Tls:
    """The TLS of one server; `context` is what its connections are made with."""

    def __init__(self, settings: TlsSettings, folder: Path, *, now: datetime) -> None:
        """Read the files.

        Args:
            settings: what to read.
            folder: the configuration's folder, which files are relative to.
            now: what time it is, UTC.

        Raises:
            TlsError: TLS cannot work.
        """
        self._certificate = folder / settings.certificate
        self._key = folder / settings.key
        self._ca = folder / settings.client_ca if settings.client_ca is not None else None
        self._password = settings.key_password.get_secret_value() if settings.key_password is not None else ""
        files = {"certificate": self._certificate, "key": self._key, "client_ca": self._ca}
        self._files = settings.model_copy(update=files)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        if self._ca is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED
        self._seen = self._stamps()
        self.until = self._load(now)

    def refresh(self, now: datetime) -> bool:
        """Read the files again if they changed; tell whether they did.

        Raises:
            TlsError: they cannot work; what was read before stays in use.
        """
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        self.until = self._load(now)
        return True

    def soon_over(self, now: datetime) -> str:
        """Tell that the certificate ends soon, and when; empty: it does not."""
        if self.until - now > SOON:
            return ""
        return f"{self._certificate}: the certificate ends on {self.until:%Y-%m-%d}; renew it"

    def _stamps(self) -> list[tuple[int, int, int]]:
        """Give what changes when a file does; where a file is missing, that it is."""
        stamps = []
        for file in (self._certificate, self._key, self._ca):
            try:
                found = file.stat() if file is not None else None
            except OSError:
                found = None
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino) if found is not None else (0, 0, 0))
        return stamps

    def _load(self, now: datetime) -> datetime:
        """Take the files into the context once they are known to work; give when the certificate ends, UTC."""
        until = check_files(self._files, now)
        try:
            self.context.load_cert_chain(self._certificate, self._key, self._password)
            if self._ca is not None:
                self.context.load_verify_locations(self._ca)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(self._certificate, f"TLS does not take it with {self._key} ({error})") from error
        return until


async def watch(tls: Tls, now: Callable[[], datetime]) -> None:
    """Read changed files again, for as long as the server runs, and tell once a day that the certificate ends soon."""
    told: datetime | None = None
    while True:
        at = now()
        if (soon := tls.soon_over(at)) and (told is None or at - told >= timedelta(days=1)):
            _log.warning("certificate", problem=soon)
            told = at
        await asyncio.sleep(EVERY.total_seconds())
        try:
            if await asyncio.to_thread(tls.refresh, now()):
                _log.info("certificate", until=tls.until.isoformat())
                told = None
        except TlsError as error:
            _log.error("certificate", problem=str(error), kept_until=tls.until.isoformat())
