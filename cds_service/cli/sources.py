"""What replay reads: bundles, saved hook requests, folders of them, and files of cases.

One item at a time: a million records need no more memory than one. Only the names in a folder are
held together, so that answers come in the order of the names.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from fhir_mappings.decode import UNREADABLE

_BOM = b"\xef\xbb\xbf"
_WHOLE, _LINES = (".json",), (".jsonl", ".ndjson")


class SourceError(ValueError):
    """An item that cannot be replayed; the message names file and line, and says why."""


class Item(Struct, frozen=True):
    """One record or request to judge.

    Attributes:
        id: the id of the case, or the path of the file relative to what was asked for.
        place: file and line, for messages.
        content: the JSON of a Bundle or of a hook request.
        request: whether it is a hook request.
        evaluated_on: the date of the case, where it states one.
        unavailable: resource types that could not be read.
    """

    id: str
    place: str
    content: bytes | Raw
    request: bool = False
    evaluated_on: date | None = None
    unavailable: tuple[str, ...] = ()


class _Shape(Struct, rename="camel"):
    resource_type: str | None = None
    hook: Raw | UnsetType = UNSET
    bundle: Raw | UnsetType = UNSET


class _Case(Struct, rename="camel"):
    bundle: Raw
    id: str | int | None = None
    evaluated_on: date | None = None
    unavailable: list[str] | None = None


_SHAPE = msgspec.json.Decoder(_Shape)
_CASE = msgspec.json.Decoder(_Case)


def items_in(paths: Iterable[Path]) -> Iterator[Item | SourceError]:
    """Yield the items under paths; what cannot be read is yielded as its error.

    Folders are read recursively, sorted by name.
    """
    for path in paths:
        try:
            yield from _folder(path, "") if path.is_dir() else _file(path, path.name)
        except OSError as error:
            yield _unreadable(path, error)


def _folder(folder: Path, prefix: str) -> Iterator[Item | SourceError]:
    for name in sorted(one.name for one in folder.iterdir()):
        path = folder / name
        try:
            if path.is_dir():
                if not path.is_symlink():  # it may lead back here
                    yield from _folder(path, f"{prefix}{name}/")
            elif path.suffix.lower() in (*_WHOLE, *_LINES):
                yield from _file(path, f"{prefix}{name}")
        except OSError as error:
            yield _unreadable(path, error)


def _file(path: Path, name: str) -> Iterator[Item | SourceError]:
    name, place = _text(name), _text(str(path))
    if path.suffix.lower() not in _LINES:
        yield _item(path.read_bytes().removeprefix(_BOM), name, place)
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            content = line.removeprefix(_BOM).strip()
            if content:
                yield _item(content, f"{name}:{number}", f"{place}, line {number}")


def _item(content: bytes, name: str, place: str) -> Item | SourceError:
    try:
        content.decode()  # the decoders skip what they do not read without looking at it
        return _sorted_out(content, name, place)
    except SourceError as error:
        return error
    except msgspec.ValidationError as error:
        return SourceError(f"{place}: {_member(str(error))}")
    except UnicodeDecodeError:
        return SourceError(f"{place}: not UTF-8")
    except UNREADABLE:
        return SourceError(f"{place}: not JSON")


def _sorted_out(content: bytes, name: str, place: str) -> Item:
    shape = _SHAPE.decode(content)
    if shape.bundle is not UNSET:
        case = _CASE.decode(content)
        return Item(
            name if case.id in (None, "") else str(case.id),
            place,
            case.bundle,
            evaluated_on=case.evaluated_on,
            unavailable=tuple(case.unavailable or ()),
        )
    if shape.resource_type == "Bundle":
        return Item(name, place, content)
    if shape.hook is not UNSET:
        return Item(name, place, content, request=True)
    if shape.resource_type is not None:
        raise SourceError(f"{place}: a single resource; a Bundle with the whole record is needed")
    raise SourceError(f"{place}: neither a Bundle, nor a hook request, nor a case with a bundle")


def _member(message: str) -> str:
    """Say which member is wrong, without its value."""
    _, _, path = message.partition(" - at `$.")
    return f"{path.rstrip('`')} has a wrong type" if path else "not a JSON object"


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"{_text(str(path))}: cannot be read: {error.strerror}")


def _text(name: str) -> str:
    """Return a file name as text; it may hold bytes that are none."""
    return os.fsencode(name).decode(errors="replace")
