"""Tokens: which are taken, and each way known to make one that must not be."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from api.callers import Caller
from api.errors import ProblemError
from api.oidc import Tokens, trusting
from api.provider import Provider, ProviderError
from api.role import serving
from api.roles import Scope
from api.signers import Signers, read_signers
from collector.load import load
from tests.api.client import asking, problem
from tests.api.installation import install
from tests.api.issuer import (
    AUDIENCE,
    ISSUER,
    SETTINGS,
    FromNow,
    SigningKey,
    claims,
    key_set,
    signing_key,
    token,
    tokens_of,
)
from tests.api.plant import Plant

RS, PS, ES, ED = (signing_key(algorithm) for algorithm in ("RS256", "PS256", "ES256", "EdDSA"))
EVERY = (RS, PS, ES, ED)

NOT_SIGNED = f"this is no token that {ISSUER} signed"


async def refusal(tokens: Tokens, text: str) -> str:
    """Hold that a token is refused as a bad one is; give why."""
    with pytest.raises(ProblemError) as caught:
        await tokens.caller(text)
    assert caught.value.kind.slug == "unauthorized"
    assert caught.value.headers["WWW-Authenticate"] == 'Bearer realm="parkline", error="invalid_token"'
    return caught.value.detail


def part(value: Any) -> str:
    """Give a part of a token as it is written."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("key", EVERY, ids=lambda key: key.algorithm)
async def test_a_token_that_the_provider_signed_is_taken(key: SigningKey) -> None:
    caller = await tokens_of(*EVERY).caller(token(key))
    assert caller == Caller("oidc:ada", "ada", frozenset({Scope.READ}), frozenset({"gears"}), frozenset())


@pytest.mark.parametrize(
    "given",
    [
        {"aud": ["other", AUDIENCE]},
        {"nbf": FromNow(-1), "iat": FromNow(20)},  # clocks may differ
        {"exp": FromNow(-20)},
        {"iat": None},
        {"nbf": FromNow(20)},
    ],
    ids=["one of several audiences", "issued soon", "expired just now", "issued never", "valid soon"],
)
async def test_a_token_is_taken_within_the_leeway(given: dict[str, Any]) -> None:
    assert (await tokens_of(ES).caller(token(ES, **given))).id == "oidc:ada"


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_a_token_for_access_is_taken(kind: str) -> None:
    assert (await tokens_of(ES).caller(token(ES, headers={"typ": kind}))).id == "oidc:ada"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"exp": FromNow(-60)}, "is expired; get a new one"),
        ({"exp": None}, "lacks the claim `exp`"),
        ({"exp": "soon"}, NOT_SIGNED),
        ({"exp": float("inf")}, NOT_SIGNED),
        ({"exp": [1]}, NOT_SIGNED),
        ({"nbf": FromNow(600)}, "is for later"),
        ({"nbf": "x"}, NOT_SIGNED),
        ({"iat": FromNow(600)}, "is for later"),
        ({"aud": "another-api"}, f"its `aud` must hold '{AUDIENCE}'"),
        ({"aud": [AUDIENCE + "x", "other"]}, f"its `aud` must hold '{AUDIENCE}'"),
        ({"aud": None}, "lacks the claim `aud`"),
        ({"aud": {AUDIENCE: 1}}, f"its `aud` must hold '{AUDIENCE}'"),
        ({"iss": "https://login.evil.example"}, f"of another issuer than {ISSUER}"),
        ({"iss": ISSUER + "/"}, f"of another issuer than {ISSUER}"),
        ({"sub": None}, "lacks the claim `sub`"),
        ({"sub": ""}, "`sub` of the token is empty"),
        ({"sub": 7}, NOT_SIGNED),
    ],
)
async def test_a_token_whose_claims_do_not_fit_is_refused(given: dict[str, Any], told: str) -> None:
    text = jwt.api_jws.encode(json.dumps(claims(**given)).encode(), ES.private, "ES256", {"kid": ES.id})
    assert told in await refusal(tokens_of(ES), text)


def unsigned(header: dict[str, Any]) -> str:
    return f"{part(header)}.{part(claims())}."


def with_public_key_as_secret(key: SigningKey, encoding: Encoding, algorithm: str, **header: Any) -> str:
    """Sign by HMAC, with what everybody knows: the public key."""
    form = PublicFormat.SubjectPublicKeyInfo
    secret = key.private.public_key().public_bytes(encoding, form)
    signed = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': key.id, **header})}.{part(claims())}"
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def with_other_claims(text: str) -> str:
    header, _, signature = text.split(".")
    return ".".join([header, part(claims(roles=["boss"], factories="*")), signature])


def bringing_its_key(name: str) -> str:
    """Sign with a key of one's own, and bring it along in the header."""
    own = ec.generate_private_key(ec.SECP256R1())
    brought = ECAlgorithm.to_jwk(own.public_key(), as_dict=True)
    value = brought if name == "jwk" else "https://evil.example/jwks"
    return jwt.encode(claims(), own, "ES256", {"kid": ES.id, name: value})


ATTACKS: dict[str, Callable[[], str]] = {
    "nothing signed, alg none": lambda: unsigned({"alg": "none", "typ": "JWT"}),
    "nothing signed, alg None": lambda: unsigned({"alg": "None", "kid": RS.id}),
    "nothing signed, alg RS256": lambda: unsigned({"alg": "RS256", "kid": RS.id}),
    "no alg": lambda: unsigned({"kid": RS.id}),
    "alg is null": lambda: unsigned({"alg": None, "kid": RS.id}),
    "alg is a list": lambda: unsigned({"alg": ["RS256"], "kid": RS.id}),
    "alg is a mapping": lambda: unsigned({"alg": {"RS256": 1}, "kid": RS.id}),
    "HS256 by the public key's PEM": lambda: with_public_key_as_secret(RS, Encoding.PEM, "HS256"),
    "HS256 by the public key's DER": lambda: with_public_key_as_secret(RS, Encoding.DER, "HS256"),
    "HMAC by the public key, called RS256": lambda: with_public_key_as_secret(RS, Encoding.PEM, "RS256"),
    "HS256 by the JWK's modulus": lambda: jwt.encode(claims(), RS.public["n"], "HS256", {"kid": RS.id}),
    "alg of another type than the key": lambda: jwt.encode(claims(), ES.private, "ES256", {"kid": RS.id}),
    "alg of the same type as the key, but another": lambda: jwt.encode(claims(), RS.private, "PS256", {"kid": RS.id}),
    "alg that is not allowed": lambda: jwt.encode(claims(), RS.private, "RS512", {"kid": RS.id}),
    "a key of one's own under the provider's id": lambda: token(replace(signing_key("ES256", "evil"), id=ES.id)),
    "a key that the provider has not": lambda: token(signing_key("ES256", "evil")),
    "no kid, a key of one's own": lambda: jwt.encode(claims(), signing_key("ES256", "evil").private, "ES256"),
    "kid is a path": lambda: token(replace(ES, id="../../../../dev/null")),
    "kid is SQL": lambda: token(replace(ES, id="x' UNION SELECT 'key")),
    "kid is a URL": lambda: token(replace(ES, id="https://evil.example/key")),
    "kid is a number": lambda: f"{part({'alg': 'ES256', 'kid': 7})}.{part(claims())}.{part(b'x' * 64)}",
    "kid is null": lambda: f"{part({'alg': 'ES256', 'kid': None})}.{part(claims())}.{part(b'x' * 64)}",
    "kid is empty": lambda: token(replace(ES, id="")),
    "jwk in the header": lambda: bringing_its_key("jwk"),
    "jku in the header": lambda: bringing_its_key("jku"),
    "x5u in the header": lambda: bringing_its_key("x5u"),
    "claims exchanged": lambda: with_other_claims(token(ES)),
    "signature cut": lambda: token(ES)[:-4],
    "signature of zeros (r = s = 0)": lambda: token(ES).rpartition(".")[0] + "." + part(bytes(64)),
    "something critical that nobody knows": lambda: token(ES, headers={"crit": ["exp"], "exp": 1}),
    "payload left out (b64)": lambda: (
        f"{part({'alg': 'ES256', 'kid': ES.id, 'b64': False, 'crit': ['b64']})}..{part(b'x' * 64)}"
    ),
    "a token for signing out": lambda: token(ES, headers={"typ": "logout+jwt"}),
    "typ is a number": lambda: token(ES, headers={"typ": 7}),
    "not base64": lambda: "ä.ö.ü",
    "not JSON": lambda: f"{part(b'{')}.{part(b'{')}.{part(b'x')}",
    "a header without end": lambda: f"{part(b'[' * 3000)}.{part(claims())}.{part(b'x')}",
    "claims that are a list": lambda: jwt.api_jws.encode(b"[1]", ES.private, "ES256", {"kid": ES.id}),
    "claims that are no JSON": lambda: jwt.api_jws.encode(b"{", ES.private, "ES256", {"kid": ES.id}),
    "a number of 5,000 digits": lambda: jwt.api_jws.encode(
        b'{"exp": ' + b"9" * 5000 + b"}", ES.private, "ES256", {"kid": ES.id}
    ),
    "two parts": lambda: "a.b",
    "five parts": lambda: "a.b.c.d.e",
    "nothing": lambda: "..",
}
"""Tokens that must not be taken, by what is wrong with them."""


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_token_that_the_provider_did_not_sign_is_refused_and_told_nothing(attack: str) -> None:
    assert await refusal(tokens_of(*EVERY), ATTACKS[attack]()) == NOT_SIGNED


async def test_a_token_that_is_too_long_is_not_looked_at() -> None:
    text = token(ES, roles=["looks", *("x" * 50 for _ in range(200))])
    assert await refusal(tokens_of(ES), text) == "the token is longer than 8192 characters"


async def test_a_token_with_a_new_key_is_taken_after_the_provider_changed_its_keys() -> None:
    now, keys = [0.0], [ES]

    async def fetch() -> Signers:
        return read_signers(key_set(*keys), SETTINGS.algorithms)

    tokens = Tokens(SETTINGS, Provider(fetch, timedelta(minutes=10), lambda: now[0]), lambda: now[0])
    new = signing_key("ES256", "new")
    assert (await tokens.caller(token(ES))).id == "oidc:ada"
    keys[:] = [new]
    now[0] += 60
    assert (await tokens.caller(token(new))).id == "oidc:ada"
    assert await refusal(tokens, token(ES)) == NOT_SIGNED


async def test_a_good_token_is_verified_once_a_second_and_a_bad_one_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now, verified = [0.0], []
    tokens = tokens_of(ES, clock=lambda: now[0])
    decode = jwt.decode

    def counting(text: str, *given: Any, **named: Any) -> dict[str, Any]:
        verified.append(text)
        return decode(text, *given, **named)

    monkeypatch.setattr(jwt, "decode", counting)
    good, bad = token(ES), with_other_claims(token(ES))
    for _ in range(5):
        assert (await tokens.caller(good)).id == "oidc:ada"
        assert await refusal(tokens, bad) == NOT_SIGNED
    assert (verified.count(good), verified.count(bad)) == (1, 5)
    now[0] += 1
    assert (await tokens.caller(good)).id == "oidc:ada"
    assert verified.count(good) == 2
    assert len(tokens._recent) == 1


async def down() -> Signers:
    msg = f"{ISSUER}: no answer within 5 s"
    raise ProviderError(msg)


async def test_what_is_bad_without_any_key_is_refused_though_the_provider_is_down() -> None:
    tokens = Tokens(SETTINGS, Provider(down, timedelta(minutes=10)))
    assert await refusal(tokens, ATTACKS["nothing signed, alg none"]()) == NOT_SIGNED


async def test_where_no_provider_is_configured_no_token_is_told() -> None:
    async with trusting(None) as nothing, trusting(SETTINGS) as tokens:
        assert nothing is None
        assert isinstance(tokens, Tokens)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_a_token_opens_the_factories_that_it_names_and_no_others(plant: Plant) -> None:
    async with plant.parts() as parts, asking(replace(parts, tokens=tokens_of(ES))) as client:

        async def factories(**given: Any) -> set[str]:
            answer = await client.get("/api/v1/factories", headers=bearer(token(ES, **given)))
            assert answer.status_code == 200
            return {factory["path"] for factory in answer.json()["items"]}

        assert await factories(factories=["gears"]) == {"gears"}
        assert await factories(factories="*") == {"gears", "moulds"}
        assert await factories(factories=["nowhere"]) == set()
        assert await factories(factories=None, roles=["boss"]) == set()


async def test_a_token_without_a_role_is_told_what_it_lacks(plant: Plant) -> None:
    async with plant.parts() as parts, asking(replace(parts, tokens=tokens_of(ES))) as client:
        answer = await client.get("/api/v1/alerts", headers=bearer(token(ES, roles=["nothing"])))
    assert "'ada' (oidc:ada) lacks the scope 'read'" in problem(answer, 403, "forbidden")["detail"]


async def test_while_the_provider_is_down_keys_open_what_they_open_and_tokens_wait(plant: Plant) -> None:
    tokens = Tokens(SETTINGS, Provider(down, timedelta(minutes=10)))
    async with plant.parts() as parts, asking(replace(parts, tokens=tokens)) as client:
        answer = await client.get("/api/v1/alerts", headers=bearer(token(ES)))
        assert "nobody can tell" in problem(answer, 503, "identity-unavailable")["detail"]
        assert 1 <= int(answer.headers["retry-after"]) <= 5
        assert ISSUER not in answer.text
        assert (await client.get("/api/v1/alerts", headers=bearer(plant.key))).status_code == 200


@pytest.mark.parametrize("ask", ["get", "post", "delete"])
async def test_a_token_is_not_taken_where_none_is_trusted(plant: Plant, ask: str) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        method: Callable[..., Awaitable[Any]] = getattr(client, ask)
        answer = await method("/api/v1/alerts", headers=bearer(token(ES)))
    assert problem(answer, 401, "unauthorized")["detail"] == "this is no key of this park"


@asynccontextmanager
async def published(documents: dict[str, bytes]) -> AsyncIterator[str]:
    """Publish documents over HTTP on this machine; give the address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        body = documents[path]
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


async def test_an_installation_takes_tokens_of_the_provider_that_it_names(tmp_path: Path) -> None:
    documents = {"/jwks": key_set(*EVERY)}
    async with published(documents) as issuer:
        description = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
        documents["/.well-known/openid-configuration"] = json.dumps(description).encode()
        install(tmp_path)
        main = tmp_path / "parkline.yaml"
        oidc = f"oidc: {{ issuer: '{issuer}', audience: {AUDIENCE}, roles: {{ boss: admin }} }}, port:"
        main.write_text(main.read_text(encoding="utf-8").replace("port:", oidc), encoding="utf-8")
        async with serving(await asyncio.to_thread(load, tmp_path)) as parts, asking(parts) as client:
            good, bad = token(RS, iss=issuer, roles=["boss"]), token(RS, roles=["boss"])
            answer = await client.get("/api/v1/factories", headers=bearer(good))
            assert [factory["path"] for factory in answer.json()["items"]] == ["works"]
            refused = problem(await client.get("/api/v1/factories", headers=bearer(bad)), 401, "unauthorized")
    assert refused["detail"] == f"the token is of another issuer than {issuer}"
