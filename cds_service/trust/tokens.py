"""Whether a request comes from an EHR that is trusted: its JSON Web Token is verified.

Sources: CDS Hooks, "Trusting CDS Clients" and "JWT Signing Algorithm"; RFC 7515, 7519 and 8725.
"""

import re
import time
from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Final, Literal, TypeVar

import anyio
import msgspec
from jwt import PyJWS, PyJWTError
from jwt.utils import base64url_decode
from msgspec import Struct

from cds_service.trust.keys import KeyStore, NoKeyError, NoKeyReason
from cds_service.trust.model import Ehr, Registry
from cds_service.trust.replays import Replays, ReplaysError

LARGEST: Final = 16 * 1024  # characters; tokens of real EHRs have less than a thousand
_LONGEST_ID: Final = 256  # characters of `jti` and `tenant`; a real client writes 128
_COMPACT: Final = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_FEEDBACK: Final = re.compile(r"(/cds-services/[^/]+)/feedback")
_KEYS_SHARE: Final = 0.75  # of the time: old keys serve where new ones do not come in that
_JWS: Final = PyJWS()
_Shape = TypeVar("_Shape")

Reason = (
    NoKeyReason
    | Literal[
        "no-token",
        "no-bearer",
        "too-large",
        "malformed",
        "wrong-type",
        "no-kid",
        "critical-header",
        "unregistered-issuer",
        "wrong-algorithm",
        "wrong-jku",
        "wrong-signature",
        "malformed-claims",
        "wrong-audience",
        "expired",
        "not-yet-valid",
        "wrong-lifetime",
        "wrong-tenant",
        "no-jti",
        "used-before",
        "replays-unavailable",
        "too-slow",
    ]
)


class Unauthorized(Exception):  # noqa: N818 - the name of the status
    """A request that is not known to come from an EHR that is trusted.

    Attributes:
        reason: why, for logs and metrics; callers are not told.
        ehr: the name of the EHR that the token claims to come from, if that one is registered.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.ehr: str | None = None


class Caller(Struct, frozen=True):
    """Who sent a request.

    Attributes:
        jti: the id of the token, which may be logged.
    """

    ehr: Ehr
    issuer: str
    jti: str
    tenant: str | None


def audiences_for(base_url: str, path: str) -> tuple[str, ...]:
    """Return what the `aud` of a token may be: the URL that is called.

    Feedback is not spelled out in the specification, so it may be sent with the service's URL too.

    Args:
        base_url: where this service is reached from outside; never taken from the request.
        path: of the request, below that.
    """
    url = base_url.rstrip("/")
    feedback = _FEEDBACK.fullmatch(path)
    return (url + path, url + feedback[1]) if feedback else (url + path,)


class _Header(Struct):
    alg: str
    typ: str | None = None
    kid: str | None = None
    jku: str | None = None
    crit: object = None


class _Issuer(Struct):
    iss: str


class _Claims(Struct):
    iss: str
    aud: str | list[str]
    exp: float
    iat: float
    jti: str | None = None
    nbf: float | None = None
    tenant: str | None = None


class _Token(Struct, frozen=True):
    """A token whose signature is not verified yet."""

    text: str
    header: _Header
    payload: bytes


class Verifier:
    """Verifies tokens.

    Args:
        registry: returns the EHRs that are trusted now.
        keys: their keys.
        replays: remembers which tokens were used.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        keys: KeyStore,
        replays: Replays,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._keys = keys
        self._replays = replays
        self._clock = clock

    async def verify(
        self, authorization: str | None, audiences: Collection[str], within: float
    ) -> Caller:
        """Verify the token of a request.

        What costs nothing comes first, and what asks others last: strangers make us do no work.

        Args:
            authorization: the header of this name; a request that has several has none.
            audiences: what `aud` may be, see `audiences_for`.
            within: seconds that it may take.

        Raises:
            Unauthorized: the token is not accepted.
        """
        token = _parsed(_bearer(authorization))
        issuer = _decoded(token.payload, _Issuer, "malformed-claims").iss
        ehr = self._registry().of_issuer(issuer)
        if ehr is None:
            raise Unauthorized("unregistered-issuer")
        try:
            with anyio.fail_after(within):
                return await self._verify(token, ehr, audiences, within)
        except TimeoutError:
            error = Unauthorized("too-slow")
        except Unauthorized as refused:
            error = refused
        error.ehr = ehr.name
        raise error

    async def _verify(
        self, token: _Token, ehr: Ehr, audiences: Collection[str], within: float
    ) -> Caller:
        await self._check_signature(token, ehr, within)
        claims = _decoded(token.payload, _Claims, "malformed-claims")
        aud = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if not any(one in audiences for one in aud):
            raise Unauthorized("wrong-audience")
        _check_times(claims, ehr, self._clock())
        if not _fits(claims.tenant, ehr):
            raise Unauthorized("wrong-tenant")
        if not claims.jti or not _is_id(claims.jti):
            raise Unauthorized("no-jti")
        await self._check_use(token, ehr, claims.jti, claims.exp + ehr.leeway)
        return Caller(ehr, claims.iss, claims.jti, claims.tenant)

    async def _check_signature(self, token: _Token, ehr: Ehr, within: float) -> None:
        header = token.header
        if header.alg not in ehr.algorithms:
            raise Unauthorized("wrong-algorithm")
        if header.jku is not None and header.jku not in ehr.jkus:
            raise Unauthorized("wrong-jku")
        try:
            key = await self._keys.key(ehr, header.kid or "", header.alg, within * _KEYS_SHARE)
            _JWS.decode(token.text, key.public, algorithms=[header.alg])
        except NoKeyError as error:
            raise Unauthorized(error.reason) from None
        except PyJWTError:
            raise Unauthorized("wrong-signature") from None

    async def _check_use(self, token: _Token, ehr: Ehr, jti: str, expires: float) -> None:
        token_hash = sha256(token.text.encode()).hexdigest()
        try:
            use = await self._replays.use(ehr.issuer, jti, token_hash, expires)
        except ReplaysError:
            raise Unauthorized("replays-unavailable") from None
        if use == "other" or (use == "same" and ehr.replay == "strict"):
            raise Unauthorized("used-before")


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise Unauthorized("no-token")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("no-bearer")
    return token.strip(" ")


def _parsed(text: str) -> _Token:
    if len(text) > LARGEST:
        raise Unauthorized("too-large")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise Unauthorized("malformed")
    try:
        header, payload = base64url_decode(parts[1]), base64url_decode(parts[2])
    except ValueError:
        raise Unauthorized("malformed") from None
    token = _Token(text, _decoded(header, _Header, "malformed"), payload)
    if token.header.typ != "JWT":
        raise Unauthorized("wrong-type")
    if not token.header.kid:
        raise Unauthorized("no-kid")
    if token.header.crit is not None:  # what must be understood is not (RFC 7515 4.1.11)
        raise Unauthorized("critical-header")
    return token


def _decoded(content: bytes, shape: type[_Shape], reason: Reason) -> _Shape:
    try:
        return msgspec.json.decode(content, type=shape)
    except (ValueError, RecursionError):
        raise Unauthorized(reason) from None


def _check_times(claims: _Claims, ehr: Ehr, now: float) -> None:
    """Check when a token is good; a real client rounds `iat` up, hence into the future."""
    if claims.exp + ehr.leeway <= now:
        raise Unauthorized("expired")
    if max(claims.iat, claims.nbf or claims.iat) - ehr.leeway > now:
        raise Unauthorized("not-yet-valid")
    if not 0 < claims.exp - claims.iat <= ehr.lifetime:
        raise Unauthorized("wrong-lifetime")


def _fits(tenant: str | None, ehr: Ehr) -> bool:
    if ehr.tenants is not None:
        return tenant in ehr.tenants
    return tenant is None or _is_id(tenant)


def _is_id(text: str) -> bool:
    """Tell whether a text can be stored and logged as it is."""
    return len(text) <= _LONGEST_ID and text.isprintable()
