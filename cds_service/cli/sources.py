"""What replay reads: bundles, saved hook requests, folders of them, and files of cases.

One item at a time: a folder of a million files needs no more memory than one of them.
"""

from collections.abc import Iterator
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
        content: the JSON of a Bundle or of a hook request.
        request: whether it is a hook request.
        evaluated_on: the date of the case, where it states one.
        unavailable: resource types that could not be read.
    """

    id: str
    content: bytes | Raw
    request: bool = False
    evaluated_on: date | None = None
    unavailable: tuple[str, ...] = ()


class _Shape(Struct, rename="camel"):
    resource_type: str | None = None
    hook: Raw | UnsetType = UNSET
    bundle: Raw | UnsetType = UNSET
    id: str | int | None = None
    evaluated_on: date | None = None
    unavailable: list[str] | None = None


_SHAPE = msgspec.json.Decoder(_Shape)


def files_in(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files under a path with their ids, folders recursively and sorted.

    Raises:
        SourceError: there is nothing at the path.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.suffix in (*_WHOLE, *_LINES):
                yield file.relative_to(path).as_posix(), file
    elif path.is_file():
        yield path.name, path
    else:
        raise SourceError(f"{path}: no such file or folder")


def items_of(name: str, file: Path) -> Iterator[Item | SourceError]:
    """Yield the items of a file; one that cannot be read is yielded as its error."""
    if file.suffix not in _LINES:
        try:
            yield _item(file.read_bytes().removeprefix(_BOM), name, name)
        except SourceError as error:
            yield error
        except OSError:
            yield SourceError(f"{name}: cannot be read")
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield _item(
                        line.removeprefix(_BOM), f"{name}:{number}", f"{name}, line {number}"
                    )
                except SourceError as error:
                    yield error


def _item(content: bytes, name: str, place: str) -> Item:
    try:
        shape = _SHAPE.decode(content)
    except msgspec.ValidationError as error:
        raise SourceError(f"{place}: {_member(str(error))}") from None
    except UNREADABLE:
        raise SourceError(f"{place}: not JSON") from None
    if shape.bundle is not UNSET:
        return Item(
            name if shape.id is None else str(shape.id),
            shape.bundle,
            evaluated_on=shape.evaluated_on,
            unavailable=tuple(shape.unavailable or ()),
        )
    if shape.resource_type == "Bundle":
        return Item(name, content)
    if shape.hook is not UNSET:
        return Item(name, content, request=True)
    if shape.resource_type is not None:
        raise SourceError(
            f"{place}: a single {shape.resource_type}; replay needs a Bundle with the whole record"
        )
    raise SourceError(f"{place}: neither a Bundle, nor a hook request, nor a case with a bundle")


def _member(message: str) -> str:
    """Return which member is wrong, without its value."""
    _, _, path = message.partition(" - at `")
    member = path.strip("`").removeprefix("$.")
    return f"{member or 'the whole'} has a wrong type"
