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
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from collector.settings import TlsSettings

EVERY: Final = timedelta(minutes=1)
"""How often files are looked at."""

SOON: Final = timedelta(days=30)
"""How long before its end a certificate is told to need renewal, once a day."""

_log = structlog.get_logger()


class TlsError(OSError):
    """TLS cannot work as configured; the text names the file and what to do."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem}")


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
        self._password = settings.key_password.get_secret_value() if settings.key_password is not None else None
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
        until = self._check(now)
        try:
            self.context.load_cert_chain(self._certificate, self._key, self._password or "")
            if self._ca is not None:
                self.context.load_verify_locations(self._ca)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(self._certificate, f"TLS does not take it with {self._key} ({error})") from error
        return until

    def _check(self, now: datetime) -> datetime:
        certificate = _certificates(self._certificate, "certificate")[0]
        self._check_key(certificate)
        if self._ca is not None:
            _certificates(self._ca, "client_ca")
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if ends <= now:
            raise TlsError(self._certificate, f"the certificate ended on {ends:%Y-%m-%d}; renew it")
        if begins > now:
            problem = (
                f"the certificate is not valid before {begins:%Y-%m-%d %H:%M} UTC; set this machine's clock, or wait"
            )
            raise TlsError(self._certificate, problem)
        return ends

    def _check_key(self, certificate: x509.Certificate) -> None:
        password = self._password.encode() if self._password else None
        try:
            key = load_pem_private_key(_read(self._key, "key"), password)
        except TypeError as error:  # cryptography says so of a password that is missing, or given for nothing
            missing = self._password is None
            what = "is encrypted; write its password as `key_password`" if missing else "is not encrypted; leave out"
            raise TlsError(self._key, f"the key {what}{'' if missing else ' `key_password`'}") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            told = "a private key in PEM" if password is None else "a private key in PEM with this `key_password`"
            raise TlsError(self._key, f"this is not {told} ({_first_line(error)}); write another `key`") from error
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
            problem = (
                f"this is not the key of {self._certificate}; write the one that the certificate was asked for with, "
                "and the server's own certificate first in its file"
            )
            raise TlsError(self._key, problem)


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


def _read(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise TlsError(file, f"there is no such file; write another `{name}` under `api: tls:`") from error
    except OSError as error:
        raise TlsError(file, f"cannot be read ({error.strerror}); let the user of parkline read it") from error


def _certificates(file: Path, name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(file, name))
    except ValueError as error:
        raise TlsError(file, f"this holds no certificate in PEM; write another `{name}` under `api: tls:`") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0][:120]
