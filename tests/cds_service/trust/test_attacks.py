"""Tokens that must not get in: each really signed, and unlike a good one in one thing."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm

from tests.cds_service.trust.signing import (
    NOW,
    URL,
    Door,
    Json,
    b64,
    claims,
    jwk,
    private_key,
    registry_of,
    signed,
    token,
)

SERVICES = "https://cds.example.org/cds-services"
FOREIGN = "https://evil.example.net/jwks.json"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(registry_of(tmp_path, tenants=["blue"], jku="https://ehr.example.org/jwks"))


def good(**members: Any) -> Json:
    return claims(**{"tenant": "blue", **members})


def test_the_tokens_differ_from_one_that_gets_in(door: Door) -> None:
    caller = door.enter(f"Bearer {token(good())}")
    assert (caller.ehr.name, caller.issuer) == ("north", "https://ehr.example.org")
    assert (caller.jti, caller.tenant) == ("id-1", "blue")


def hmac_with_public_key(alg: str, form: str) -> str:
    """The classic confusion: what everyone can read is taken for a shared secret."""
    public = private_key("RS384").public_key()
    if form == "pem":
        secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    else:
        secret = json.dumps(jwk("RS384", "RS384")).encode()
    message = f"{b64({'alg': alg, 'typ': 'JWT', 'kid': 'RS384'})}.{b64(good())}"
    digest = getattr(HMACAlgorithm, alg.replace("HS", "SHA"))
    return f"{message}.{b64(HMACAlgorithm(digest).sign(message.encode(), secret))}"


def tampered() -> str:
    header, _, signature = token(good()).split(".")
    return f"{header}.{b64(good(jti='id-2'))}.{signature}"


def none_alg(name: str, signature: str) -> str:
    return f"{b64({'alg': name, 'typ': 'JWT', 'kid': 'ES384'})}.{b64(good())}.{signature}"


def with_member(name: str, value: Any) -> str:
    return token(good(), says={name: value})


def of_other_key(alg: str = "ES384") -> str:
    number = 1 if alg == "ES384" else 3072
    return token(good(), alg=alg, key=private_key(alg, number))


HEADERS: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: none_alg("none", "AAAA"), "wrong-algorithm"),
    "alg None": (lambda: none_alg("None", "AAAA"), "wrong-algorithm"),
    "alg none, unsigned": (lambda: none_alg("none", ""), "malformed"),
    "HS256 with PEM": (lambda: hmac_with_public_key("HS256", "pem"), "wrong-algorithm"),
    "HS384 with PEM": (lambda: hmac_with_public_key("HS384", "pem"), "wrong-algorithm"),
    "HS512 with JWK": (lambda: hmac_with_public_key("HS512", "jwk"), "wrong-algorithm"),
    "alg not in the list": (lambda: token(good(), alg="RS256"), "wrong-algorithm"),
    "RS384 by an EC key": (lambda: token(good(), alg="RS384", says={"kid": "ES384"}), "unfit-key"),
    "ES384 by an RSA key": (lambda: token(good(), says={"kid": "RS384"}), "unfit-key"),
    "ES384 by P-256": (lambda: token(good(), says={"kid": "ES256"}), "unfit-key"),
    "says ES384, signed by RSA": (
        lambda: token(good(), alg="RS384", says={"alg": "ES384", "kid": "ES384"}),
        "wrong-signature",
    ),
    "wrong key, right kid": (of_other_key, "wrong-signature"),
    "wrong RSA key, right kid": (lambda: of_other_key("RS384"), "wrong-signature"),
    "changed claims": (tampered, "wrong-signature"),
    "unknown kid": (lambda: with_member("kid", "other"), "unknown-key"),
    "no kid": (lambda: with_member("kid", None), "no-kid"),
    "empty kid": (lambda: with_member("kid", ""), "no-kid"),
    "kid no text": (lambda: with_member("kid", 7), "malformed"),
    "foreign jku": (
        lambda: token(good(), key=private_key("ES384", 1), says={"jku": FOREIGN}),
        "wrong-jku",
    ),
    "foreign jku, right key": (lambda: with_member("jku", FOREIGN), "wrong-jku"),
    "jku that begins right": (
        lambda: with_member("jku", "https://ehr.example.org/jwks/"),
        "wrong-jku",
    ),
    "key within the token": (
        lambda: token(good(), key=private_key("ES384", 1), says={"jwk": jwk("ES384", "ES384", 1)}),
        "wrong-signature",
    ),
    "typ other": (lambda: with_member("typ", "at+jwt"), "wrong-type"),
    "typ lower case": (lambda: with_member("typ", "jwt"), "wrong-type"),
    "no typ": (lambda: with_member("typ", None), "wrong-type"),
    "crit": (lambda: with_member("crit", ["b64"]), "critical-header"),
    "b64 false": (lambda: with_member("b64", False), "wrong-signature"),
    "no alg": (lambda: token(good(), says={"alg": None}), "malformed"),
    "header no object": (lambda: signed(b64(b"[]"), b64(good()), "ES384"), "malformed"),
    "header no JSON": (lambda: signed(b64(b"\xff{"), b64(good()), "ES384"), "malformed"),
    "header of odd length": (lambda: signed("AAAAA", b64(good()), "ES384"), "malformed"),
    "huge": (lambda: token(good(more="x" * 20_000)), "too-large"),
}

CLAIMS: dict[str, tuple[Json, str]] = {
    "expired": ({"iat": NOW - 400, "exp": NOW - 60}, "expired"),
    "not yet valid": ({"nbf": NOW + 61}, "not-yet-valid"),
    "iat in the future": ({"iat": NOW + 61}, "not-yet-valid"),
    "lifetime over the cap": ({"exp": NOW + 3601}, "wrong-lifetime"),
    "exp before iat": ({"iat": NOW, "exp": NOW - 1}, "wrong-lifetime"),
    "exp huge": ({"exp": 1e308}, "wrong-lifetime"),
    "exp huge integer": ({"exp": 10**30}, "wrong-lifetime"),
    "exp and iat huge": ({"exp": 1e308, "iat": -1e308}, "wrong-lifetime"),
    "exp as text": ({"exp": str(int(NOW + 300))}, "malformed-claims"),
    "exp true": ({"exp": True}, "malformed-claims"),
    "exp infinite": ({"exp": float("inf")}, "malformed-claims"),
    "iat not a number": ({"iat": float("nan")}, "malformed-claims"),
    "iat as list": ({"iat": [NOW]}, "malformed-claims"),
    "nbf as text": ({"nbf": "0"}, "malformed-claims"),
    "aud of feedback": ({"aud": f"{URL}/feedback"}, "wrong-audience"),
    "aud of discovery": ({"aud": SERVICES}, "wrong-audience"),
    "aud of another service": ({"aud": f"{SERVICES}/other"}, "wrong-audience"),
    "aud with trailing slash": ({"aud": f"{URL}/"}, "wrong-audience"),
    "aud in capitals": ({"aud": URL.upper()}, "wrong-audience"),
    "aud over http": ({"aud": URL.replace("https", "http")}, "wrong-audience"),
    "aud list without it": ({"aud": [SERVICES, f"{URL}/"]}, "wrong-audience"),
    "aud list empty": ({"aud": []}, "wrong-audience"),
    "aud empty": ({"aud": ""}, "wrong-audience"),
    "aud part of it": ({"aud": "iort-coverage"}, "wrong-audience"),
    "aud list with a number": ({"aud": [URL, 1]}, "malformed-claims"),
    "aud object": ({"aud": {"url": URL}}, "malformed-claims"),
    "no aud": ({"aud": None}, "malformed-claims"),
    "no exp": ({"exp": None}, "malformed-claims"),
    "no iat": ({"iat": None}, "malformed-claims"),
    "no iss": ({"iss": None}, "malformed-claims"),
    "no jti": ({"jti": None}, "no-jti"),
    "jti empty": ({"jti": ""}, "no-jti"),
    "jti number": ({"jti": 5}, "malformed-claims"),
    "jti with a null character": ({"jti": "a\0b"}, "no-jti"),
    "jti with a line break": ({"jti": "a\nb"}, "no-jti"),
    "jti huge": ({"jti": "x" * 257}, "no-jti"),
    "unregistered issuer": ({"iss": "https://evil.example.net"}, "unregistered-issuer"),
    "issuer with a slash": ({"iss": "https://ehr.example.org/"}, "unregistered-issuer"),
    "issuer list": ({"iss": ["https://ehr.example.org"]}, "malformed-claims"),
    "tenant not listed": ({"tenant": "red"}, "wrong-tenant"),
    "no tenant": ({"tenant": None}, "wrong-tenant"),
    "tenant number": ({"tenant": 1}, "malformed-claims"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_attacks_by_header_and_signature(door: Door, name: str) -> None:
    make, reason = HEADERS[name]
    assert door.reason(f"Bearer {make()}") == reason


@pytest.mark.parametrize("name", CLAIMS)
def test_attacks_by_claims(door: Door, name: str) -> None:
    changed, reason = CLAIMS[name]
    assert door.reason(f"Bearer {token(good(**changed))}") == reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"iss":"https://ehr.example.org"',
        b"\xff\xfe{\0}\0",
        b"[" * 9000,
    ],
)
def test_claims_that_are_none(door: Door, payload: bytes) -> None:
    reason = "malformed-claims" if payload else "malformed"
    assert door.reason(f"Bearer {token(payload)}") == reason


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "no-token"),
        ("", "no-token"),
        ("Bearer", "malformed"),
        ("Bearer ", "malformed"),
        ("null", "no-bearer"),
        ("Basic {}", "no-bearer"),
        ("{}", "no-bearer"),
        ("Bearer\t{}", "no-bearer"),
        ("Bearer {} {}", "malformed"),
        ("Bearer {}, Bearer {}", "malformed"),
        ("Bearer {}.", "malformed"),
        ("Bearer .{}", "malformed"),
        ("Bearer {}\n", "malformed"),
        ("Bearer {}=", "malformed"),
        ("Bearer {}é", "malformed"),
        ("Bearer a.b", "malformed"),
        ("Bearer a.b.c", "malformed"),
    ],
)
def test_other_headers(door: Door, authorization: str | None, reason: str) -> None:
    text = None if authorization is None else authorization.replace("{}", token(good()))
    assert door.reason(text) == reason


def test_a_signature_in_another_form_is_another_token(door: Door) -> None:
    head, _, signature = token(good()).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    for changed in (raw[:-1], raw + b"\0", b"\0" * len(raw), b""):
        assert door.reason(f"Bearer {head}.{b64(changed)}") in ("wrong-signature", "malformed")
    assert door.reason(f"Bearer {head}.{signature}") == "accepted"


def test_a_second_use_is_refused(door: Door) -> None:
    first = f"Bearer {token(good())}"
    assert door.reason(first) == "accepted"
    assert door.reason(first) == "used-before"
    assert door.reason(f"Bearer {token(good())}") == "used-before"
    door.clock.now += 359
    assert door.reason(first) == "used-before"
    door.clock.now += 1
    assert door.reason(first) == "expired"


def test_a_token_that_is_refused_uses_nothing_up(door: Door) -> None:
    assert door.reason(f"Bearer {token(good(aud=SERVICES))}") == "wrong-audience"
    assert door.reason(f"Bearer {token(good())}") == "accepted"
