"""Keys, registries and tokens for tests; whatever a token says can be wrong on purpose."""

import asyncio
import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, get_default_algorithms

from cds_service.trust.keys import KeyStore
from cds_service.trust.registry import Registry, load_registry
from cds_service.trust.replays import MemoryReplays, Replays
from cds_service.trust.tokens import Caller, Unauthorized, Verifier

NOW = 1_800_000_000.0
ISSUER = "https://ehr.example.org"
URL = "https://cds.example.org/cds-services/iort-coverage"
Json = dict[str, Any]

_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


class Clock:
    """A clock that a test turns."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def private_key(kind: str, number: int = 0) -> Any:
    """A key for an algorithm; another one for each number, which is the size of an RSA key."""
    return _private_key(kind, number)


@cache
def _private_key(kind: str, number: int) -> Any:
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=number or 2048)


def jwk(kind: str, kid: str, number: int = 0, **members: Any) -> Json:
    """The public half of a key; a member that is None is left out."""
    key = private_key(kind, number).public_key()
    if kind in _CURVES:
        found = ECAlgorithm.to_jwk(key, as_dict=True)
    elif kind in ("EdDSA", "Ed448"):
        found = OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        found = RSAAlgorithm.to_jwk(key, as_dict=True)
    found.pop("key_ops", None)
    return {k: v for k, v in {**found, "kid": kid, **members}.items() if v is not None}


def jwks(*keys: Json) -> bytes:
    """A key set."""
    return json.dumps({"keys": keys}).encode()


def b64(content: bytes | Json) -> str:
    """A part of a token."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**members: Any) -> Json:
    """Claims of a good token; a member that is None is left out."""
    whole = {"iss": ISSUER, "aud": URL, "iat": NOW, "exp": NOW + 300, "jti": "id-1", **members}
    return {key: value for key, value in whole.items() if value is not None}


def token(
    payload: bytes | Json | None = None,
    *,
    alg: str = "ES384",
    key: Any = None,
    says: Json | None = None,
) -> str:
    """A token that is really signed.

    Args:
        payload: its claims.
        alg: what it is signed with.
        key: the private key, the first one of its kind otherwise.
        says: members of the header that differ; None leaves one out.
    """
    header = {"alg": alg, "typ": "JWT", "kid": alg, **(says or {})}
    header = {name: value for name, value in header.items() if value is not None}
    return signed(b64(header), b64(claims() if payload is None else payload), alg, key)


def signed(header: str, payload: str, alg: str, key: Any = None) -> str:
    """A token of two parts and their signature."""
    message = f"{header}.{payload}"
    algorithm = get_default_algorithms()[alg]
    secret = algorithm.prepare_key(private_key(alg) if key is None else key)
    return f"{message}.{b64(algorithm.sign(message.encode(), secret))}"


ALL = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"]


@cache
def all_keys() -> bytes:
    """A key set with one key for each algorithm, the kid being its name."""
    return jwks(*(jwk(alg, alg) for alg in ALL))


def write_registry(folder: Path, text: str | None = None, **ehrs: Json) -> Path:
    """Write a registry of EHRs whose keys are in a file beside it."""
    (folder / "keys.json").write_bytes(all_keys())
    path = folder / "registry.yaml"
    path.write_text(yaml.safe_dump({"ehrs": ehrs}) if text is None else text)
    return path


def entry(**members: Any) -> Json:
    """The entry of an EHR; members in camelCase."""
    return {"issuer": ISSUER, "jwks": {"file": "keys.json"}, **members}


def registry_of(folder: Path, **members: Any) -> Registry:
    """A registry with one EHR."""
    return load_registry(write_registry(folder, north=entry(**members)))


class Door:
    """A verifier with a clock to turn, and with file keys unless a client is given."""

    def __init__(
        self,
        registry: Registry,
        replays: Replays | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self.clock = Clock()
        self.replays = replays or MemoryReplays(self.clock)
        self.verifier = Verifier(
            lambda: registry,
            KeyStore(client or httpx.AsyncClient(transport=httpx.MockTransport(_refused))),
            self.replays,
            self.clock,
        )

    def enter(self, authorization: str | None, *audiences: str) -> Caller:
        """Verify the header of a request to our service."""
        return asyncio.run(self.verifier.verify(authorization, audiences or (URL,), 2.0))

    def reason(self, authorization: str | None, *audiences: str) -> str:
        """Return why a request is refused, or "accepted"."""
        try:
            self.enter(authorization, *audiences)
        except Unauthorized as error:
            return error.reason
        return "accepted"


def _refused(request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing may be fetched")
