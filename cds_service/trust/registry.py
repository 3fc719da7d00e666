"""The trust registry: which EHRs may call, how their tokens are checked, where their data are.

Sources: CDS Hooks, "Trusting CDS Clients"; RFC 7523 3 and RFC 8725 for what a token must say.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from cds_service.documents import Document, Place
from cds_service.ehr.addresses import Base
from cds_service.trust.building import Builder
from cds_service.trust.errors import RegistryError
from cds_service.trust.model import Ehr, Registry
from cds_service.trust.schema import RegistryFile

__all__ = ["Ehr", "Registry", "RegistryError", "RegistryWatch", "load_registry"]

_LOG: Final = logging.getLogger(__name__)
_CHECK_SECONDS: Final = 1.0
_Stamp = tuple[int, int, int]


def load_registry(path: Path) -> Registry:
    """Load a registry and the key sets beside it.

    Raises:
        RegistryError: something is wrong; the message names file, line and member of each problem.
    """
    return _load(path, _Files())


class RegistryWatch:
    """A registry that follows its file.

    Raises:
        RegistryError: the file cannot be used at the start.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._checked = clock()
        self._files = _Files()
        self._registry = _load(path, self._files)

    def current(self) -> Registry:
        """Return the registry as it is now; where the file is broken, as it was last good."""
        now = self._clock()
        if now - self._checked >= _CHECK_SECONDS:
            self._checked = now
            if self._files.changed():
                self._reload()
        return self._registry

    def _reload(self) -> None:
        self._files = _Files()
        try:
            self._registry = _load(self._path, self._files)
        except RegistryError as error:
            _LOG.error("the trust registry stays as it was: %s", error)
        else:
            _LOG.info("the trust registry was read again: %d EHRs", len(self._registry.ehrs))


class _Files:
    """Reads files, and tells whether one of them changed since."""

    def __init__(self) -> None:
        self._stamps: dict[Path, _Stamp | None] = {}

    def read(self, path: Path) -> bytes:
        self._stamps[path] = _stamp(path)  # before: what changes while it is read is read again
        return path.read_bytes()

    def changed(self) -> bool:
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(path: Path, files: _Files) -> Registry:
    try:
        content = files.read(path)
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror}") from None
    document = Document(content, str(path), RegistryError)
    try:
        file = RegistryFile.model_validate(document.data)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise document.error([(_place(one["loc"]), one["msg"]) for one in problems]) from None
    builders = [Builder(name, entry, path.parent, files.read) for name, entry in file.ehrs.items()]
    ehrs = [builder.build() for builder in builders]
    found = [problem for builder in builders for problem in builder.problems]
    found += _shared(ehrs)
    if found:
        raise document.error(found)
    return Registry(ehrs)


def _place(loc: tuple[str | int, ...]) -> Place:
    # pydantic says of a bad name in a mapping that it is a "[key]"
    return tuple(part for part in loc if part != "[key]")


def _shared(ehrs: list[Ehr]) -> list[tuple[Place, str]]:
    """Find what two EHRs both claim: a token or a server must belong to one alone."""
    problems: list[tuple[Place, str]] = []
    for number, ehr in enumerate(ehrs):
        for other in ehrs[:number]:
            if ehr.issuer == other.issuer:
                place: Place = ("ehrs", ehr.name, "issuer")
                problems.append((place, f"is the issuer of {other.name} too"))
            if any(_overlap(a, b) for a in ehr.options.servers for b in other.options.servers):
                place = ("ehrs", ehr.name, "fhirServers")
                problems.append((place, f"are servers of {other.name} too"))
    return problems


def _overlap(a: Base, b: Base) -> bool:
    return a.holds(b) or b.holds(a)
