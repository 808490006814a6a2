"""The files of the API's TLS: whether they can be read, belong together, and are in their time.

    certificate   PEM, the server's own first, then what it was issued by
    key           PEM, of that certificate; encrypted where there is a `key_password`
    client_ca     PEM, certificates that issue those of clients; may be left out

`api.tls` serves with them, and `parkline check` looks at them beforehand.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from collector.settings import TlsSettings


class TlsError(OSError):
    """TLS cannot work as configured; the text names the file and what to do."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file: Final = file
        self.problem: Final = problem


def check_files(settings: TlsSettings, now: datetime) -> datetime:
    """Give when the certificate ends, UTC.

    Args:
        settings: which files; their paths are absolute.
        now: what time it is, UTC.

    Raises:
        TlsError: TLS cannot work with them.
    """
    certificate = _certificates(settings.certificate, "certificate")[0]
    try:
        _check_key(settings, certificate)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm) as error:
        told = f"the certificate of `api: tls:` is of a kind that is not known here ({_first_line(error)})"
        raise TlsError(settings.certificate, f"{told}; have it issued for an RSA or a P-256 key") from error
    if settings.client_ca is not None:
        _certificates(settings.client_ca, "client_ca")
    if ends <= now:
        raise TlsError(settings.certificate, f"the certificate of `api: tls:` ended on {ends:%Y-%m-%d}; renew it")
    if begins > now:
        told = f"the certificate of `api: tls:` is not valid before {begins:%Y-%m-%d %H:%M} UTC"
        raise TlsError(settings.certificate, f"{told}; set this machine's clock, or wait")
    return ends


def _check_key(settings: TlsSettings, certificate: x509.Certificate) -> None:
    file, password = settings.key, settings.key_password and settings.key_password.get_secret_value().encode()
    try:
        key = load_pem_private_key(_read(file, "key"), password or None)
    except TypeError as error:  # cryptography says so of a password that is missing, or given for nothing
        missing = settings.key_password is None
        what = "is encrypted; write its password as `key_password`" if missing else "is not encrypted; leave out"
        raise TlsError(file, f"the key {what}{'' if missing else ' `key_password`'}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        told = "a private key in PEM with this `key_password`" if password else "a private key in PEM"
        raise TlsError(file, f"this is not {told} ({_first_line(error)}); write another `key`") from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        problem = (
            f"this is not the key of {settings.certificate}; write as `key` what the certificate was asked for with, "
            "and the server's own certificate first in its file"
        )
        raise TlsError(file, problem)


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
