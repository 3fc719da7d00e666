"""Which keys of a set are used."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm

from cds_service.trust.jwks import LARGEST, JwksError, KeySet, parse_jwks
from tests.cds_service.trust.signing import ALL, Json, all_keys, jwk, jwks, private_key, token

GOOD = jwk("ES384", "good")


def refusal(key: Any) -> str:
    """Why a key is not used, in a set with a good one."""
    keys = parse_jwks(jwks(GOOD, key))
    assert list(keys.keys) == ["good"]
    return keys.refused[1]


@pytest.mark.parametrize("alg", ALL)
def test_a_key_fits_the_algorithms_of_its_family(alg: str) -> None:
    keys = parse_jwks(all_keys())
    fitting = {other for other in ALL if keys.find(alg, other) is not None}
    rsa = {one for one in ALL if one.startswith(("RS", "PS"))}
    assert fitting == (rsa if alg in rsa else {alg})
    assert keys.find(alg, "HS256") is None
    assert keys.find(alg, "none") is None


@pytest.mark.parametrize("alg", ["RS256", "RS384", "PS512"])
def test_an_rsa_key_without_alg_verifies_every_algorithm_of_rsa(alg: str) -> None:
    keys = parse_jwks(jwks(jwk("RS384", "one", alg=None)))
    key = keys.find("one", alg)
    assert key is not None
    text = token(alg=alg, key=private_key("RS384"))
    assert PyJWS().decode(text, key.public, algorithms=[alg])


def test_a_key_with_an_alg_is_for_nothing_else() -> None:
    keys = parse_jwks(jwks(jwk("RS384", "one", alg="RS384")))
    assert keys.find("one", "RS384") is not None
    assert keys.find("one", "RS256") is None


def test_ed448_is_a_key_for_eddsa() -> None:
    key = parse_jwks(jwks(jwk("Ed448", "one"))).find("one", "EdDSA")
    assert key is not None
    text = token(alg="EdDSA", key=private_key("Ed448"))
    assert PyJWS().decode(text, key.public, algorithms=["EdDSA"])


def test_of_keys_with_the_same_id_the_one_that_fits_is_taken() -> None:
    keys = parse_jwks(jwks(jwk("RS384", "one"), jwk("ES384", "one")))
    rsa, curve = keys.find("one", "RS384"), keys.find("one", "ES384")
    assert rsa is not None
    assert curve is not None
    assert (rsa.family[0], curve.family[0]) == ("RSA", "EC")
    assert "one" in keys
    assert "other" not in keys


@pytest.mark.parametrize(
    "members",
    [
        {"use": "sig"},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"], "use": "sig"},
        {"alg": "ES384"},
        {"x5c": ["AAAA"], "exp": 5, "nbf": None},
    ],
)
def test_members_that_allow_a_key(members: Json) -> None:
    assert parse_jwks(jwks(jwk("ES384", "one", **members))).refused == {}


PRIVATE = {**ECAlgorithm.to_jwk(private_key("ES384"), as_dict=True), "kid": "one"}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "one"}, "symmetric"),
        ({"kty": "oct", "kid": "one"}, "symmetric"),
        (jwk("RS384", "one", k="c2VjcmV0"), "symmetric"),
        (PRIVATE, "private"),
        (jwk("RS384", "one", d="AQAB"), "private"),
        (jwk("ES384", ""), "no kid"),
        ({**GOOD, "kid": None}, "no JSON Web Key"),
        ({**GOOD, "kid": 5}, "no JSON Web Key"),
        ({"kid": "one"}, "no JSON Web Key"),
        ("text", "no JSON Web Key"),
        (jwk("ES384", "one", use="enc"), "not for signatures"),
        (jwk("ES384", "one", key_ops=["encrypt"]), "not for signatures"),
        (jwk("ES384", "one", key_ops=[]), "not for signatures"),
        (jwk("ES384", "one", crv="secp256k1"), "not supported"),
        (jwk("ES384", "one", crv=None), "not supported"),
        (jwk("ES384", "one", kty="XYZ"), "not supported"),
        (jwk("ES384", "one", alg="ES256"), "does not fit"),
        (jwk("ES384", "one", alg="HS256"), "does not fit"),
        (jwk("RS384", "one", alg="RSA-OAEP"), "does not fit"),
        (jwk("ES384", "one", crv="P-256"), "no key"),
        (jwk("ES384", "one", y=GOOD["x"]), "no key"),
        (jwk("ES384", "one", y=None), "no key"),
        (jwk("RS384", "one", n=None), "no key"),
        (jwk("RS384", "one", e="AA"), "no key"),
        (jwk("RS384", "one", n="é"), "no key"),
        (jwk("EdDSA", "one", x="AAAA"), "no key"),
        (jwk("RS384", "one", 1024), "too short or too long"),
        (jwk("RS384", "one", n="_" * 2732), "too short or too long"),
    ],
)
def test_keys_that_are_not_used(key: Any, why: str) -> None:
    assert why in refusal(key)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no key set"),
        (b"[]", "no key set"),
        (b'{"keys": {}}', "no key set"),
        (b'{"keys": null}', "no key set"),
        (b"{" * 9000, "no key set"),
        (b'{"keys": ' + b"[" * 9000, "no key set"),
        (b"\xff\xfe", "no key set"),
        (b'{"keys": []}', "no key that can be used"),
        (jwks({"kty": "oct", "k": "AA"}), "no key that can be used; key 0 is symmetric"),
        (b" " * (LARGEST + 1), "too large"),
    ],
)
def test_sets_that_are_not_used(content: bytes, why: str) -> None:
    with pytest.raises(JwksError, match=why):
        parse_jwks(content)


def test_a_set_of_the_largest_size_is_read() -> None:
    content = jwks(GOOD)
    assert parse_jwks(content + b" " * (LARGEST - len(content))).refused == {}


_VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
_MEMBERS = ["kty", "kid", "alg", "use", "key_ops", "crv", "n", "e", "x", "y", "d", "k"]


@settings(max_examples=300)
@given(st.sampled_from(ALL), st.fixed_dictionaries({}, optional=dict.fromkeys(_MEMBERS, _VALUES)))
def test_odd_keys_raise_nothing_else(alg: str, changed: Json) -> None:
    try:
        found = parse_jwks(json.dumps({"keys": [{**jwk(alg, alg), **changed}]}).encode())
    except JwksError:
        return
    assert isinstance(found, KeySet)
    assert changed.get("d") is None
    assert changed.get("k") is None


@given(st.binary())
def test_no_bytes_are_a_set(content: bytes) -> None:
    with pytest.raises(JwksError):
        parse_jwks(content)
