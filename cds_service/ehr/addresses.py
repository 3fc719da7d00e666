"""Addresses of FHIR servers, compared as parsed parts.

A comparison of texts is not enough: ``https://ehr.example.org.evil``, ``https://ehr.example.org@evil``
and ``https://ehr.example.org/fhirEVIL`` all begin like ``https://ehr.example.org/fhir``.
"""

import ipaddress
from typing import Self
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

_PORTS = {"http": 80, "https": 443}
_CONTROL = frozenset(map(chr, range(33))) | {"\\", "\x7f"}


class AddressError(ValueError):
    """An address that is not used; the message names what is wrong, never the address."""


class Base(Struct, frozen=True):
    """The base address of a FHIR server.

    Attributes:
        path: without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a base address.

        Raises:
            AddressError: it is no http address, or has parts that a base must not have.
        """
        parts = _split(text)
        if parts.query or parts.fragment or "?" in text or "#" in text:
            raise AddressError("has a query or a fragment")
        path = parts.path.rstrip("/")
        if _climbs(path):
            raise AddressError("has dots or escapes in its path")
        return cls(parts.scheme, _host(parts), _port(parts), path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def holds(self, other: Self) -> bool:
        """Tell whether an address is this one or lies below it."""
        same = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return same and (other.path == self.path or other.path.startswith(f"{self.path}/"))

    def page(self, link: str) -> str | None:
        """Return what to ask this server for a `next` link; None where it leads elsewhere.

        HAPI pages by ``_getpages`` on its base, and behind a proxy under another name: only the
        query of such a link is used, on our base.
        """
        try:
            parts = _split(link)
            linked = type(self)(parts.scheme, _host(parts), _port(parts), parts.path.rstrip("/"))
        except AddressError:
            return None
        if "_getpages=" in parts.query:
            return f"?{parts.query}"
        if not self.holds(linked) or _climbs(parts.path) or parts.fragment:
            return None
        return parts.path.removeprefix(self.path).lstrip("/") + f"?{parts.query}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is the loopback by its very name; what it resolves to is no matter."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str) -> SplitResult:
    if any(char in _CONTROL for char in text) or not text.isascii():
        raise AddressError("has characters that an address must not have")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise AddressError("is no address") from None
    if parts.scheme not in _PORTS:
        raise AddressError("is no http address")
    if "@" in parts.netloc:
        raise AddressError("has user information")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise AddressError("names no host")
    return host


def _port(parts: SplitResult) -> int:
    try:
        return _PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        raise AddressError("has no valid port") from None


def _climbs(path: str) -> bool:
    # Servers such as Tomcat read "..;x" as "..".
    segments = (one.partition(";")[0] for one in path.split("/"))
    return "%" in path or "//" in path or any(one in (".", "..") for one in segments)
