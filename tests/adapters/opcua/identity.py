"""Application certificates for tests: self-signed, RSA, as OPC UA's Basic256Sha256 wants them."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

APPLICATION = "urn:works:parkline"
"""Application URI of the certificates."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, each as a file in DER and in PEM."""

    der: Path
    """The certificate in DER."""

    pem: Path
    """The certificate in PEM."""

    key: Path
    """The key in PEM, without a passphrase."""

    key_der: Path
    """The key in DER."""


def make_identity(folder: Path, name: str) -> Identity:
    """Make a certificate that is good for a day, in files called after `name`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(hours=1)
    names = [x509.UniformResourceIdentifier(APPLICATION), x509.DNSName(socket.gethostname())]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    identity = Identity(*(folder / f"{name}{end}" for end in (".der", ".crt", ".pem", ".key")))
    identity.der.write_bytes(certificate.public_bytes(Encoding.DER))
    identity.pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    for path, form in ((identity.key, Encoding.PEM), (identity.key_der, Encoding.DER)):
        path.write_bytes(key.private_bytes(form, PrivateFormat.PKCS8, NoEncryption()))
    return identity
