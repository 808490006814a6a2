"""Which keys of a provider's set are used, and for what."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from api.signers import Signers, read_signers
from tests.api.issuer import signing_key

EVERY = ("RS256", "PS256", "ES256", "EdDSA")


def public(algorithm: str, name: str = "") -> dict[str, Any]:
    return signing_key(algorithm, name).public


def read(*keys: dict[str, Any], algorithms: tuple[str, ...] = EVERY) -> Signers:
    return read_signers(json.dumps({"keys": keys}).encode(), algorithms)


def without(key: dict[str, Any], *names: str, **given: Any) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in names} | given


def test_a_key_serves_the_algorithms_of_its_type_that_are_allowed() -> None:
    every = read(public("RS256"), public("ES256"), public("EdDSA"))
    assert every.keys.keys() == {("RS256", "RS256"), ("ES256", "ES256"), ("EdDSA", "EdDSA")}
    assert read(without(public("RS256"), "alg")).keys.keys() == {("RS256", "RS256"), ("RS256", "PS256")}
    one = read(public("RS256"), public("ES256"), algorithms=("ES256",))
    assert one.keys.keys() == {("ES256", "ES256")}
    assert one.unusable == 1


def test_a_key_is_found_by_its_id_for_its_own_algorithm() -> None:
    signers = read(public("RS256"), public("ES256"))
    assert signers.find("RS256", "RS256") is not None
    for name, algorithm in (("RS256", "ES256"), ("RS256", "HS256"), ("RS256", "none"), ("", "RS256"), ("x", "RS256")):
        assert signers.find(name, algorithm) is None
    assert signers.knows("ES256")
    assert not signers.knows("x")


def test_without_an_id_the_only_key_for_the_algorithm_is_taken() -> None:
    key = public("ES256")
    assert read(public("RS256"), key).find(None, "ES256") is not None
    assert read(key, without(key, kid="another")).find(None, "ES256") is None
    assert read(without(key, "kid")).find(None, "ES256") is not None


def strange() -> list[dict[str, Any]]:
    """Give keys that must not be used."""
    one, curve, edwards = public("RS256"), public("ES256"), public("EdDSA")
    short = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - on purpose
    return [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "oct", "alg": "RS256"},
        without(one, use="enc"),
        without(one, key_ops=["encrypt"]),
        without(one, key_ops="verify"),
        without(one, alg="HS256"),
        without(one, alg="none"),
        without(one, alg="RSA-OAEP"),
        without(one, kty="EC"),
        without(one, "n"),
        without(one, n="AQAB"),
        without(one, n=5, e=None),
        without(one, kid=5),
        without(curve, crv="P-384"),
        without(curve, crv="secp256k1"),
        without(curve, x="AAAA"),
        without(curve, x=[1]),
        without(edwards, crv="X25519"),
        without(edwards, x="AAAA"),
        RSAAlgorithm.to_jwk(signing_key("RS256").private, as_dict=True),
        RSAAlgorithm.to_jwk(short, as_dict=True),
        OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True),
        {},
    ]


def test_a_key_that_cannot_be_used_is_passed_over_and_counted() -> None:
    for key in strange():
        signers = read(key, public("ES256", "other"))
        assert signers.keys.keys() == {("ES256other", "ES256")}, key
        assert signers.unusable == 1, key


def test_what_is_no_set_of_keys_is_told() -> None:
    some = [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"null",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1, null]}',
        b"[" * 10**5,
    ]
    for document in some:
        with pytest.raises(ValueError, match=r"check `(jwks_url|algorithms)`"):
            read_signers(document, EVERY)


def test_a_set_of_very_many_keys_is_not_read() -> None:
    with pytest.raises(ValueError, match="up to 100 keys"):
        read(*({"kty": "oct"} for _ in range(101)))


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    key, other = signing_key("ES256"), signing_key("ES256", "other")
    found = read(key.public, without(other.public, kid=key.id)).find(key.id, "ES256")
    assert found is not None
    assert found.key.public_numbers() == key.private.public_key().public_numbers()


values = st.one_of(st.none(), st.integers(), st.text(max_size=50), st.lists(st.text(max_size=5), max_size=3))
names = st.sampled_from(["kty", "n", "e", "x", "y", "crv", "kid", "use", "alg", "key_ops"])


@given(st.sampled_from(["RS256", "ES256", "EdDSA"]), st.dictionaries(names, values, min_size=1))
def test_whatever_a_key_says_reading_it_does_no_harm(algorithm: str, said: dict[str, Any]) -> None:
    signers = read(public(algorithm) | said, public("ES256", "other"))
    assert ("ES256other", "ES256") in signers.keys
