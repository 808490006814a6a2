"""What the claims of a token give their holder."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.claims import caller_of_claims, subject_of
from api.roles import SCOPES, Role, Scope
from collector.settings import OidcSettings
from tests.api.issuer import AUDIENCE, ISSUER, SETTINGS

NONE: frozenset[str] = frozenset()


def settings(**given: Any) -> OidcSettings:
    roles = {"looks": "viewer", "boss": "admin", "hub": "platform"}
    return OidcSettings.model_validate({"issuer": ISSUER, "audience": AUDIENCE, "roles": roles, **given})


def test_roles_of_a_token_give_scopes_and_others_give_none() -> None:
    caller = caller_of_claims({"sub": "ada", "roles": ["line-lead", "chess club", 7, None]}, SETTINGS)
    assert (caller.id, caller.name) == ("oidc:ada", "ada")
    assert caller.scopes == SCOPES[Role.MAINTENANCE]


@pytest.mark.parametrize("roles", [None, [], ["admin"], "", {}, {"boss": True}, True, 3, [["boss"]], ["BOSS"], "bossy"])
def test_without_a_known_role_a_token_may_do_nothing(roles: Any) -> None:
    assert caller_of_claims({"sub": "ada", "roles": roles}, SETTINGS).scopes == set()


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("scope", {"scope": "openid looks email"}),
        ("realm_access.roles", {"realm_access": {"roles": ["looks"]}}),
        ("resource_access.park.line.roles", {"resource_access": {"park": {"line.roles": "looks"}}}),
        ("https://park.example/roles", {"https://park.example/roles": ["looks"]}),
    ],
)
def test_a_claim_is_found_where_providers_put_it(name: str, claims: dict[str, Any]) -> None:
    caller = caller_of_claims({"sub": "ada", **claims}, settings(roles_claim=name))
    assert caller.scopes == {Scope.READ}


@pytest.mark.parametrize(
    "claims", [{"a": 1}, {"a": None}, {"a": ["b"]}, {"a": "b"}, {"a": {"b": {"c": ["looks"]}}}, {}]
)
def test_a_claim_that_is_not_there_gives_nothing(claims: dict[str, Any]) -> None:
    assert caller_of_claims({"sub": "ada", **claims}, settings(roles_claim="a.b")).scopes == set()


@pytest.mark.parametrize(
    ("claim", "factories"),
    [
        (["gears", "moulds"], {"gears", "moulds"}),
        ("gears moulds", {"gears", "moulds"}),
        ("*", None),
        (["gears", "*"], None),
        ([], set()),
        ("", set()),
        (None, set()),
        (7, set()),
        ([None, 7], set()),
        ({"*": 1}, set()),
        (["**", "gears/*"], {"**", "gears/*"}),
        (["\ud800", "gears", "a\x00", "a\nb"], {"gears"}),
        ("\ud800 gears", {"gears"}),
    ],
)
def test_the_claim_decides_which_factories_a_token_opens(claim: Any, factories: set[str] | None) -> None:
    for roles in ("looks", "boss"):  # whatever its role
        assert caller_of_claims({"sub": "ada", "roles": roles, "factories": claim}, SETTINGS).factories == factories
    assert caller_of_claims({"sub": "ada", "roles": "boss"}, SETTINGS).factories == NONE


def test_without_the_claim_the_park_is_open_to_roles_of_the_park_alone() -> None:
    def opened(roles: str, **given: Any) -> frozenset[str] | None:
        return caller_of_claims({"sub": "ada", "roles": roles, "factories": "*"}, settings(**given)).factories

    assert opened("looks") == NONE
    assert opened("none") == NONE
    assert opened("boss") is None
    assert opened("looks hub") is None
    assert opened("boss", whole_park=[]) == NONE
    assert opened("looks", whole_park=["viewer"]) is None


def test_views_are_read_where_a_claim_names_them() -> None:
    caller = caller_of_claims({"sub": "city", "views": ["city", "energy"]}, SETTINGS)
    assert caller.views == {"city", "energy"}
    assert caller.scopes == {Scope.OPEN}
    none = caller_of_claims({"sub": "city", "views": ["city"]}, settings())
    assert not none.views
    assert not none.scopes


def test_a_subject_that_is_too_long_or_cannot_be_shown_is_known_by_its_hash() -> None:
    assert subject_of("a" * 64) == "a" * 64
    long = "a" * 65
    hashed = "sha256:" + hashlib.sha256(long.encode()).hexdigest()
    assert subject_of(long) == hashed
    for strange in ("ada\nlogged in: root", "ada\x1b[2J", " ada", "ada ", "", "\ud800", "a\u202eb"):
        assert subject_of(strange).startswith("sha256:"), strange
    assert subject_of(hashed) != hashed  # nobody passes for the hash of another


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_subjects_are_two_callers_and_their_ids_are_short_and_on_one_line(one: str, other: str) -> None:
    ids = {subject_of(one), subject_of(other)}
    assert len(ids) == (1 if one == other else 2)
    assert all(len(id_) <= 71 and id_.isprintable() for id_ in ids)
