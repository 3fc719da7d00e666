"""Decoding of FHIR JSON: fast where it is clean, element by element where it is not.

A clean resource is decoded in one step. Where a member has the wrong type, the resource is read
again member by member: what does not fit is left out and named, the rest stays. An object where
FHIR asks for an array counts as an array of one; real clients send that.
"""

import math
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType, inspect

from fhir_mappings.elements import CodeableConcept, Meta
from fhir_mappings.resources import RESOURCE_TYPES, AnyResource, Resource


class _Kind(msgspec.Struct, rename="camel"):
    resource_type: str | None = None


_T = TypeVar("_T")
_META = msgspec.json.Decoder(Meta)
_CONCEPTS = msgspec.json.Decoder(list[CodeableConcept])
_KIND = msgspec.json.Decoder(_Kind)
_CLEAN = msgspec.json.Decoder(AnyResource)
_ANYTHING = msgspec.json.Decoder()
_MISFIT = object()

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Decoded(msgspec.Struct, frozen=True):
    """A decoded resource.

    Attributes:
        resource: None where the type is not one that is read, or cannot be read at all.
        type: the resourceType, None where it cannot be read.
        dropped: FHIRPaths of the elements that had a wrong type.
    """

    resource: Resource | None
    type: str | None
    dropped: tuple[str, ...] = ()


def decode_resource(raw: bytes | msgspec.Raw) -> Decoded:
    """Decode one resource, never raising."""
    try:
        resource = _CLEAN.decode(raw)
    except msgspec.ValidationError:
        return _by_element(raw)
    except UNREADABLE:
        return Decoded(None, None)
    return Decoded(resource, type(resource).__name__)


def _by_element(raw: bytes | msgspec.Raw) -> Decoded:
    try:
        kind = _KIND.decode(raw).resource_type
        content = _ANYTHING.decode(raw) if kind in RESOURCE_TYPES else None
    except UNREADABLE:
        return Decoded(None, None)
    if kind is None or content is None:
        return Decoded(None, kind)
    dropped: list[str] = []
    return Decoded(fit_struct(content, RESOURCE_TYPES[kind], kind, dropped), kind, tuple(dropped))


def read_meta(resource: Resource) -> Meta:
    """Return the metadata of a resource; empty where they cannot be read."""
    return Meta() if resource.meta is UNSET else _lazily(resource.meta, _META, Meta())


def read_concepts(raw: msgspec.Raw | UnsetType) -> list[CodeableConcept]:
    """Return a list of concepts that was left undecoded; empty where it cannot be read."""
    return [] if raw is UNSET else _lazily(raw, _CONCEPTS, [])


def _lazily(raw: msgspec.Raw, decoder: msgspec.json.Decoder[_T], otherwise: _T) -> _T:
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        return otherwise


def fit_struct(
    content: dict[str, Any], kind: type[msgspec.Struct], path: str, dropped: list[str]
) -> Any:  # noqa: ANN401 - an instance of `kind`
    """Build a struct from the members that fit.

    Args:
        content: the JSON object.
        kind: the struct to build; every field of it has a default.
        path: the FHIRPath of the object, for naming what is dropped.
        dropped: gathers the paths of members that do not fit.
    """
    values = {}
    for field in _fields(kind):
        if field.encode_name in content:
            member = f"{path}.{field.encode_name}"
            value = _fit(content[field.encode_name], field.type, member, dropped)
            if value is not _MISFIT:
                values[field.name] = value
    return kind(**values)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _fit(value: Any, kind: inspect.Type, path: str, dropped: list[str]) -> Any:  # noqa: ANN401
    if isinstance(kind, inspect.UnionType):
        if value is None:
            return None
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.ListType):
        items = value if isinstance(value, list) else [value]
        fitted = (
            _fit(item, kind.item_type, f"{path}[{n}]", dropped) for n, item in enumerate(items)
        )
        return [item for item in fitted if item is not _MISFIT]
    if isinstance(kind, inspect.StructType):
        return _fit_object(value, kind, path, dropped)
    fitted = _fit_primitive(value, kind)
    if fitted is _MISFIT:
        dropped.append(path)
    return fitted


def _fit_object(value: Any, kind: inspect.StructType, path: str, dropped: list[str]) -> Any:  # noqa: ANN401
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        dropped.append(path)
        return _MISFIT
    return fit_struct(value, kind.cls, path, dropped)


def _fit_primitive(value: Any, kind: inspect.Type) -> Any:  # noqa: ANN401
    if isinstance(kind, inspect.RawType):
        return msgspec.Raw(msgspec.json.encode(value))
    if isinstance(value, bool):
        return value if isinstance(kind, inspect.BoolType) else _MISFIT
    if isinstance(kind, inspect.StrType):
        return str(value) if isinstance(value, str | int | float) else _MISFIT
    try:
        fitted: Any = msgspec.convert(value, _PRIMITIVES[type(kind)], strict=False)
    except msgspec.ValidationError:
        return _MISFIT
    return fitted if math.isfinite(fitted) else _MISFIT


_PRIMITIVES: dict[type[inspect.Type], type] = {
    inspect.FloatType: float,
    inspect.IntType: int,
    inspect.BoolType: bool,
}
