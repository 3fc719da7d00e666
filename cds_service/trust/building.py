"""From the entry of an EHR in the registry file to what is known of it."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cds_service.documents import Place
from cds_service.ehr.addresses import AddressError, Base
from cds_service.ehr.options import EhrOptions
from cds_service.trust.jwks import JwksError, KeySet, parse_jwks
from cds_service.trust.model import Ehr
from cds_service.trust.schema import EhrEntry

_LOG: Final = logging.getLogger(__name__)


class Builder:
    """Builds one EHR, and collects what is wrong with its entry.

    Args:
        name: of the EHR.
        entry: what the file says of it.
        folder: where the registry file lies.
        read: reads a file.
    """

    def __init__(
        self, name: str, entry: EhrEntry, folder: Path, read: Callable[[Path], bytes]
    ) -> None:
        self.problems: list[tuple[Place, str]] = []
        self._name = name
        self._entry = entry
        self._folder = folder
        self._read = read

    def build(self) -> Ehr:
        """Build the EHR; not to be used if there are problems."""
        entry = self._entry
        servers = tuple(self._servers())
        keys, key_server = self._keys()
        jkus = (entry.jku, entry.jwks.url)
        return Ehr(
            options=self._options(servers),
            issuer=entry.issuer,
            keys=keys,
            jwks_url=entry.jwks.url,
            jkus=frozenset(jku for jku in jkus if jku is not None),
            algorithms=frozenset(entry.algorithms),
            leeway=entry.leeway,
            lifetime=entry.lifetime,
            tenants=None if entry.tenants is None else frozenset(entry.tenants),
            replay=entry.replay,
            origins=tuple(self._origins()),
            rate=entry.rate,
            hosts=frozenset((base.host, base.port) for base in (*servers, *key_server)),
        )

    def _servers(self) -> Iterator[Base]:
        for number, text in enumerate(self._entry.fhir_servers):
            base = self._base(text, "fhirServers", number)
            if base is not None:
                yield base

    def _options(self, servers: tuple[Base, ...]) -> EhrOptions:
        entry = self._entry
        return EhrOptions(
            name=self._name,
            servers=servers,
            client_id=entry.client_id,
            open=entry.open,
            private=entry.private,
            bare=entry.bare,
            null_means=entry.null_means,
        )

    def _keys(self) -> tuple[KeySet | None, list[Base]]:
        """Return the keys that a file holds, or the server that has them."""
        source = self._entry.jwks
        if source.file is not None and source.url is None:
            return self._of_file(source.file), []
        if source.url is None or source.file is not None:
            self._problem("needs either a url or a file", "jwks")
            return None, []
        address, _, query = source.url.partition("?")
        if "#" in query:
            self._problem("has a fragment", "jwks", "url")
        server = self._base(address, "jwks", "url")
        return None, [] if server is None else [server]

    def _of_file(self, file: str) -> KeySet | None:
        try:
            keys = parse_jwks(self._read(self._folder / file))
        except OSError as error:
            self._problem(f"cannot be read: {error.strerror}", "jwks", "file")
        except JwksError as error:
            self._problem(str(error), "jwks", "file")
        else:
            for number, why in keys.refused.items():
                _LOG.warning("key %d of %s is not used: it %s", number, self._name, why)
            return keys
        return None

    def _origins(self) -> Iterator[str]:
        for number, text in enumerate(self._entry.origins):
            base = self._base(text, "origins", number)
            if base is not None and base.path:
                self._problem("is an address, not an origin", "origins", number)
            elif base is not None:
                yield str(base)

    def _base(self, text: str, *place: str | int) -> Base | None:
        try:
            base = Base.parse(text)
        except AddressError as error:
            self._problem(str(error), *place)
            return None
        if base.scheme != "https" and not self._entry.private:
            self._problem("has to be https, unless private is true", *place)
        return base

    def _problem(self, message: str, *place: str | int) -> None:
        self.problems.append((("ehrs", self._name, *place), message))
