"""Key sets (RFC 7517): which keys of a set are used, and for which algorithms."""

from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError
from msgspec import Struct

LARGEST: Final = 256 * 1024  # bytes of a key set; those of real EHRs have a few thousand
_RSA_BITS: Final = range(2048, 8192 + 1)  # NIST SP 800-131A; above, each token would cost too much

# Key type and curve that an algorithm needs (RFC 7518 3.1, RFC 8037 3.1).
_RSA: Final = ("RSA", None)
_FAMILIES: Final[dict[str, tuple[tuple[str, str | None], ...]]] = {
    "ES256": (("EC", "P-256"),),
    "ES384": (("EC", "P-384"),),
    "ES512": (("EC", "P-521"),),
    "RS256": (_RSA,),
    "RS384": (_RSA,),
    "RS512": (_RSA,),
    "PS256": (_RSA,),
    "PS384": (_RSA,),
    "PS512": (_RSA,),
    "EdDSA": (("OKP", "Ed25519"), ("OKP", "Ed448")),
}
# Any algorithm of a family reads its keys; which one verifies is decided by the token's issuer.
_READER: Final = {family: name for name, families in _FAMILIES.items() for family in families}


class JwksError(ValueError):
    """A key set that cannot be used; the message says why, without values."""


class Key(Struct, frozen=True):
    """A public key.

    Attributes:
        algorithm: the only one that it is for; None where the set does not say.
        public: the key as the cryptographic library has it.
    """

    family: tuple[str, str | None]
    algorithm: str | None
    public: Any

    def fits(self, algorithm: str) -> bool:
        """Tell whether the key may verify signatures of an algorithm."""
        return self.algorithm in (None, algorithm) and self.family in _FAMILIES.get(algorithm, ())


class KeySet(Struct, frozen=True):
    """The usable keys of a set.

    Attributes:
        refused: why the others are not used, by their number in the set.
    """

    keys: dict[str, list[Key]]
    refused: dict[int, str] = {}

    def __contains__(self, kid: str) -> bool:
        return kid in self.keys

    def find(self, kid: str, algorithm: str) -> Key | None:
        """Return the key with an id that may verify signatures of an algorithm."""
        return next((key for key in self.keys.get(kid, ()) if key.fits(algorithm)), None)


class _Jwk(Struct):
    kty: str
    kid: str = ""
    alg: str | None = None
    use: str | None = None
    key_ops: list[str] | None = None
    crv: str | None = None
    n: str = ""
    e: str = ""
    x: str = ""
    y: str = ""
    d: object = None
    k: object = None


class _Jwks(Struct):
    keys: list[msgspec.Raw]


def parse_jwks(content: bytes) -> KeySet:
    """Read a key set; keys that cannot be used are left out, as RFC 7517 5 asks for.

    Raises:
        JwksError: it is none, or no key in it can be used.
    """
    if len(content) > LARGEST:
        raise JwksError("is too large for a key set")
    try:
        raw = msgspec.json.decode(content, type=_Jwks).keys
    except (ValueError, RecursionError):
        raise JwksError("is no key set") from None
    keys: dict[str, list[Key]] = {}
    refused: dict[int, str] = {}
    for number, one in enumerate(raw):
        try:
            kid, key = _key(one)
        except JwksError as error:
            refused[number] = str(error)
        else:
            keys.setdefault(kid, []).append(key)
    if not keys:
        reasons = "".join(f"; key {number} {why}" for number, why in refused.items())
        raise JwksError(f"has no key that can be used{reasons}")
    return KeySet(keys, refused)


def _key(raw: msgspec.Raw) -> tuple[str, Key]:
    try:
        jwk = msgspec.json.decode(raw, type=_Jwk)
    except (ValueError, RecursionError):
        raise JwksError("is no JSON Web Key") from None
    if jwk.kty == "oct" or jwk.k is not None:
        raise JwksError("is symmetric")
    if jwk.d is not None:
        raise JwksError("is private: whoever can read the set can sign")
    if not jwk.kid:
        raise JwksError("has no kid")
    if jwk.use not in (None, "sig") or (jwk.key_ops is not None and "verify" not in jwk.key_ops):
        raise JwksError("is not for signatures")
    family = (jwk.kty, None if jwk.kty == "RSA" else jwk.crv)
    reader = _READER.get(family)
    if reader is None:
        raise JwksError("is of a type or curve that is not supported")
    if jwk.alg is not None and family not in _FAMILIES.get(jwk.alg, ()):
        raise JwksError("has an alg that does not fit its type")
    return jwk.kid, Key(family, jwk.alg, _public(jwk, reader))


def _public(jwk: _Jwk, reader: str) -> Any:  # noqa: ANN401 - one of many types of the library
    parts = {"kty": jwk.kty, "crv": jwk.crv, "n": jwk.n, "e": jwk.e, "x": jwk.x, "y": jwk.y}
    try:
        # The algorithm is given: by itself PyJWK takes an RSA key without `alg` for RS256 only.
        public = PyJWK({name: part for name, part in parts.items() if part}, reader).key
    except (PyJWTError, ValueError):
        raise JwksError("has numbers that are no key") from None
    if isinstance(public, RSAPublicKey) and public.key_size not in _RSA_BITS:
        raise JwksError("is too short or too long for an RSA key")
    return public
