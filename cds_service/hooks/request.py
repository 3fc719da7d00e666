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


class Context(Struct):
    """The context of our hook, as far as it is used."""

    patient_id: str
    draft_orders: Raw | UnsetType = UNSET


class HookRequest(Struct):
    """A request, checked as far as it has to be."""

    hook: str
    hook_instance: str
    context: Context
    prefetch: dict[str, Raw]


class _Body(Struct, rename="camel"):
    hook: Raw | UnsetType = UNSET
    hook_instance: Raw | UnsetType = UNSET
    context: Raw | UnsetType = UNSET
    prefetch: dict[str, Raw] | UnsetType = UNSET


class _OddBody(Struct, rename="camel"):
    hook: Raw | UnsetType = UNSET
    hook_instance: Raw | UnsetType = UNSET
    context: Raw | UnsetType = UNSET


_BODY = msgspec.json.Decoder(_Body)
_ODD_BODY = msgspec.json.Decoder(_OddBody)
_TEXT = msgspec.json.Decoder(str)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def parse_request(body: bytes) -> HookRequest:
    """Parse the body of a request.

    Raises:
        RequestError: not JSON, not an object, or a required member is missing or of a wrong type.
    """
    members = _members(body.removeprefix(_BOM))
    context = _required_object(members.context, "context")
    return HookRequest(
        hook=_required_text(members.hook, "hook"),
        hook_instance=_required_text(members.hook_instance, "hookInstance"),
        context=Context(
            patient_id=_required_text(context.get("patientId", UNSET), "context.patientId"),
            draft_orders=context.get("draftOrders", UNSET),
        ),
        prefetch={} if members.prefetch is UNSET else members.prefetch,
    )


def _members(body: bytes) -> _Body:
    try:
        return _decoded(body)
    except msgspec.ValidationError:
        raise RequestError("the body is not a JSON object") from None
    except RecursionError:
        raise RequestError("the body is nested too deeply") from None
    except UNREADABLE:
        raise RequestError("the body is not JSON") from None


def _decoded(body: bytes) -> _Body:
    try:
        return _BODY.decode(body)
    except msgspec.ValidationError:
        odd = _ODD_BODY.decode(body)  # a prefetch that is no object delivers nothing
        return _Body(odd.hook, odd.hook_instance, odd.context)


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
    try:
        text = _TEXT.decode(raw)
    except UNREADABLE:
        raise RequestError(f"{name} is not a text") from None
    if not text:
        raise RequestError(f"{name} is empty")
    return text
