"""Tokens that get in, and what the registry decides about them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.trust.registry import load_registry
from cds_service.trust.replays import MemoryReplays, ReplaysError, Use
from cds_service.trust.tokens import Unauthorized, audiences_for
from tests.cds_service.trust.signing import (
    ALL,
    ISSUER,
    NOW,
    URL,
    Door,
    Json,
    b64,
    claims,
    entry,
    private_key,
    registry_of,
    signed,
    token,
    write_registry,
)


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_the_recommended_algorithms_are_accepted(tmp_path: Path, alg: str) -> None:
    door = Door(registry_of(tmp_path))
    assert door.enter(f"Bearer {token(alg=alg)}").jti == "id-1"


@pytest.mark.parametrize("alg", ALL)
def test_others_are_accepted_where_the_registry_says_so(tmp_path: Path, alg: str) -> None:
    assert Door(registry_of(tmp_path, algorithms=[alg])).enter(f"Bearer {token(alg=alg)}")
    others = [other for other in ALL if other != alg]
    door = Door(registry_of(tmp_path, algorithms=others))
    assert door.reason(f"Bearer {token(alg=alg)}") == "wrong-algorithm"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["https://elsewhere.example.org", URL]},
        {"iat": NOW + 60},
        {"nbf": NOW + 60},
        {"nbf": 0},
        {"iat": NOW - 359, "exp": NOW - 59},
        {"iat": int(NOW), "exp": int(NOW) + 3600},
        {"iat": NOW + 0.5, "exp": NOW + 300.5},
        {"jti": "~" * 128},
        {"tenant": "any"},
        {"sub": 5, "more": {"deep": [None]}},
    ],
)
def test_claims_that_are_good(tmp_path: Path, changed: Json) -> None:
    assert Door(registry_of(tmp_path)).enter(f"Bearer {token(claims(**changed))}")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer", "Bearer  "])
def test_the_scheme_is_of_any_case(tmp_path: Path, scheme: str) -> None:
    assert Door(registry_of(tmp_path)).enter(f"{scheme} {token()} ")


@pytest.mark.parametrize("tenant", ["", "a\0", "x" * 257])
def test_a_tenant_has_to_be_fit_for_logs(tmp_path: Path, tenant: str) -> None:
    reason = Door(registry_of(tmp_path)).reason(f"Bearer {token(claims(tenant=tenant))}")
    assert reason == ("wrong-tenant" if tenant else "accepted")


@pytest.mark.parametrize("jku", ["https://ehr.example.org/jwks", None])
def test_the_registered_jku_may_be_said(tmp_path: Path, jku: str | None) -> None:
    door = Door(registry_of(tmp_path, jku="https://ehr.example.org/jwks"))
    assert door.enter(f"Bearer {token(says={'jku': jku})}")


def test_leeway_and_lifetime_are_the_registry_s(tmp_path: Path) -> None:
    door = Door(registry_of(tmp_path, leeway=5, lifetime=86_400))
    assert door.reason(f"Bearer {token(claims(exp=NOW + 86_400))}") == "accepted"
    assert door.reason(f"Bearer {token(claims(exp=NOW + 86_401))}") == "wrong-lifetime"
    assert door.reason(f"Bearer {token(claims(iat=NOW + 6))}") == "not-yet-valid"
    assert door.reason(f"Bearer {token(claims(iat=NOW - 9, exp=NOW - 5))}") == "expired"


def test_where_the_registry_tolerates_it_the_very_same_token_may_be_used_again(
    tmp_path: Path,
) -> None:
    door = Door(registry_of(tmp_path, replay="tolerant"))
    first = f"Bearer {token()}"
    assert [door.reason(first) for _ in range(3)] == ["accepted"] * 3
    assert door.reason(f"Bearer {token(claims(exp=NOW + 299))}") == "used-before"
    assert door.reason(f"Bearer {token(claims(jti='id-2'))}") == "accepted"


def test_ids_of_different_issuers_have_nothing_to_do_with_another(tmp_path: Path) -> None:
    other = entry(issuer="urn:other")
    registry = load_registry(write_registry(tmp_path, north=entry(), south=other))
    door = Door(registry)
    assert door.enter(f"Bearer {token()}").ehr.name == "north"
    assert door.enter(f"Bearer {token(claims(iss='urn:other'))}").ehr.name == "south"


class Broken:
    async def use(self, issuer: str, jti: str, token_hash: str, expires: float) -> Use:
        raise ReplaysError("no database")


class Hanging:
    async def use(self, issuer: str, jti: str, token_hash: str, expires: float) -> Use:
        await asyncio.sleep(60)
        return "first"


def test_a_store_that_cannot_tell_lets_nobody_in(tmp_path: Path) -> None:
    registry = registry_of(tmp_path)
    assert Door(registry, Broken()).reason(f"Bearer {token()}") == "replays-unavailable"
    with pytest.raises(Unauthorized, match="too-slow"):
        asyncio.run(Door(registry, Hanging()).verifier.verify(f"Bearer {token()}", [URL], 0.01))


def test_the_store_gets_a_hash_and_when_to_forget(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Noting:
        async def use(self, *given: Any) -> Use:
            seen.append(given)
            return "first"

    Door(registry_of(tmp_path), Noting()).enter(f"Bearer {token()}")
    ((issuer, jti, token_hash, expires),) = seen
    assert (issuer, jti, expires) == (ISSUER, "id-1", NOW + 360)
    assert len(token_hash) == 64
    int(token_hash, 16)


def test_the_error_names_the_ehr_that_is_claimed(tmp_path: Path) -> None:
    door = Door(registry_of(tmp_path))
    for text, ehr in ((token(claims(aud="x")), "north"), (token(claims(iss="x")), None)):
        with pytest.raises(Unauthorized) as caught:
            door.enter(f"Bearer {text}")
        assert caught.value.ehr == ehr
        assert str(caught.value) == caught.value.reason
        assert ISSUER not in repr(caught.value)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/cds-services", ["/cds-services"]),
        ("/cds-services/a", ["/cds-services/a"]),
        ("/cds-services/a/feedback", ["/cds-services/a/feedback", "/cds-services/a"]),
        ("/cds-services/feedback", ["/cds-services/feedback"]),
        ("/cds-services/feedback/feedback",
         ["/cds-services/feedback/feedback", "/cds-services/feedback"]),
        ("/cds-services//feedback", ["/cds-services//feedback"]),
    ],
)  # fmt: skip
def test_the_audience_is_the_url_that_is_called(path: str, wanted: list[str]) -> None:
    for base in ("https://cds.example.org/iort", "https://cds.example.org/iort/"):
        found = audiences_for(base, path)
        assert found == tuple(f"https://cds.example.org/iort{one}" for one in wanted)


@pytest.fixture(scope="module")
def open_door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = Door(registry_of(tmp_path_factory.mktemp("garbage"), algorithms=ALL))
    private_key("ES384")
    return door


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_ODD = _JSON | st.sampled_from([ISSUER, URL, "JWT", "ES384", NOW, NOW + 300, [URL], "\ud800"])


def _object(names: str) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names.split(), _ODD))


@settings(max_examples=300)
@given(st.text() | st.text(alphabet="Bearer .-_aA1"))
def test_no_text_gets_in(open_door: Door, text: str) -> None:
    assert open_door.reason(text) != "accepted"
    assert open_door.reason(f"Bearer {text}") != "accepted"


@settings(max_examples=300)
@given(st.binary(), st.binary(), st.binary())
def test_no_bytes_get_in(open_door: Door, header: bytes, payload: bytes, end: bytes) -> None:
    assert open_door.reason(f"Bearer {b64(header)}.{b64(payload)}.{b64(end)}") != "accepted"


@settings(max_examples=300)
@given(_object("alg typ kid jku crit b64 jwk x5u"), st.binary())
def test_no_header_with_odd_members_gets_in_unsigned(
    open_door: Door, changed: Json, end: bytes
) -> None:
    header = {"alg": "ES384", "typ": "JWT", "kid": "ES384", **changed}
    assert open_door.reason(f"Bearer {b64(header)}.{b64(claims())}.{b64(end)}") != "accepted"


@settings(max_examples=300)
@given(_object("iss aud exp iat nbf jti tenant"))
def test_odd_claims_raise_nothing_else(open_door: Door, changed: Json) -> None:
    door = open_door
    door.replays = door.verifier._replays = MemoryReplays(door.clock)
    whole = {**claims(), **changed}
    reason = door.reason(
        f"Bearer {signed(b64({'alg': 'ES384', 'typ': 'JWT', 'kid': 'ES384'}), b64(whole), 'ES384')}"
    )
    if reason == "accepted":
        aud = whole["aud"] if isinstance(whole["aud"], list) else [whole["aud"]]
        assert whole["iss"] == ISSUER
        assert URL in aud
        assert 0 < whole["exp"] - whole["iat"] <= 3600
        assert whole["exp"] > NOW - 60
        assert whole["jti"]
