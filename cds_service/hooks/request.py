"""A CDS Hooks service request (2.0, "Calling a CDS Service"), decoded only as far as needed.

Everything that may not be needed stays raw: a request without an IORT order is answered without
looking at its prefetch. Unknown members are ignored, so later versions of the specification pass.
"""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BOM = b"\xef\xbb\xbf"


class RequestError(ValueError):
    """A request that cannot be answered; the message names the member, never its value."""


class Context(Struct, rename="camel"):
    """The context of our hooks; only `patientId` is there in each of them."""

    patient_id: str
    user_id: str | None = None
    encounter_id: str | None = None
    draft_orders: Raw | UnsetType = UNSET


class HookRequest(Struct):
    """A request, checked as far as it has to be."""

    hook: str
    hook_instance: str
    context: Context
    prefetch: dict[str, Raw]
    fhir_server: str | None = None


class HookRequestBody(Struct, rename="camel"):
    """The members of a request as they come, for reading one by one and for the API's schema."""

    hook: Raw | UnsetType = UNSET
    hook_instance: Raw | UnsetType = UNSET
    context: Raw | UnsetType = UNSET
    prefetch: Raw | UnsetType = UNSET
    fhir_server: Raw | UnsetType = UNSET
    fhir_authorization: Raw | UnsetType = UNSET


_BODY = msgspec.json.Decoder(HookRequestBody)
_TEXT = msgspec.json.Decoder(str)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def parse_request(body: bytes) -> HookRequest:
    """Parse the body of a request.

    Raises:
        RequestError: not JSON, not an object, or a required member is missing or of a wrong type.
    """
    try:
        members = _BODY.decode(body.removeprefix(_BOM))
    except msgspec.ValidationError:
        raise RequestError("the body is not a JSON object") from None
    except UNREADABLE:
        raise RequestError("the body is not JSON") from None
    context = _required_object(members.context, "context")
    return HookRequest(
        hook=_required_text(members.hook, "hook"),
        hook_instance=_required_text(members.hook_instance, "hookInstance"),
        context=Context(
            patient_id=_required_text(context.get("patientId", UNSET), "context.patientId"),
            user_id=_text(context.get("userId")),
            encounter_id=_text(context.get("encounterId")),
            draft_orders=context.get("draftOrders", UNSET),
        ),
        prefetch=_prefetch(members.prefetch),
        fhir_server=None if members.fhir_server is UNSET else _text(members.fhir_server),
    )


def _prefetch(raw: Raw | UnsetType) -> dict[str, Raw]:
    """A prefetch that is no object delivers nothing."""
    if raw is UNSET:
        return {}
    try:
        return _OBJECT.decode(raw)
    except UNREADABLE:
        return {}


def _required_object(raw: Raw | UnsetType, name: str) -> dict[str, Raw]:
    if raw is UNSET:
        raise RequestError(f"{name} is missing")
    try:
        return _OBJECT.decode(raw)
    except UNREADABLE:
        raise RequestError(f"{name} is not an object") from None


def _required_text(raw: Raw | UnsetType, name: str) -> str:
    if raw is UNSET:
        raise RequestError(f"{name} is missing")
    text = _text(raw)
    if not text:
        raise RequestError(f"{name} is not a text")
    return text


def _text(raw: Raw | None) -> str | None:
    if raw is None:
        return None
    try:
        return _TEXT.decode(raw)
    except UNREADABLE:
        return None
