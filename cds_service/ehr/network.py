"""The shared HTTP client: one pool for the process, and no connection to an address unchecked.

The address that was checked is the one that is connected to, so a name that resolves differently
a moment later gains nothing.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import anyio
import httpcore
import httpx
from msgspec import Struct

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MayConnect = Callable[[str, int, IpAddress], bool]
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_UNICAST: Final = ipaddress.ip_network("2000::/3")  # all of IPv6 that is given out
_LIMITS: Final = httpx.Limits(max_connections=200, max_keepalive_connections=100)


class ForbiddenAddressError(httpcore.ConnectError):
    """A name led to an address that must not be connected to."""


class Outbound(Struct, frozen=True, kw_only=True):
    """How to get out.

    Attributes:
        proxy: URL of an egress proxy.
        ca_bundle: file with the certificates of the authorities to trust, those of the system else.
        client_certificate: file with a certificate and its key.
    """

    proxy: str | None = None
    ca_bundle: str | None = None
    client_certificate: str | None = None


class Guard(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that a policy allows."""

    def __init__(self, may_connect: MayConnect) -> None:
        self._may_connect = may_connect
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve a host, and connect to the first of its addresses that is allowed."""
        error: Exception = ForbiddenAddressError("the address is not allowed")
        for address in await _addresses(host, port):
            if self._may_connect(host, port, ipaddress.ip_address(address)):
                try:
                    return await self._backend.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                    error = failed
        raise error

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await anyio.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """The transport of httpx on a guarded pool; httpx has no parameter for it."""

    def __init__(self, guard: Guard, context: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(verify=context, limits=_LIMITS, proxy=proxy)
        if proxy is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_connections=_LIMITS.max_connections,
                max_keepalive_connections=_LIMITS.max_keepalive_connections,
                keepalive_expiry=_LIMITS.keepalive_expiry,
                network_backend=guard,
            )


def make_client(outbound: Outbound, may_connect: MayConnect) -> httpx.AsyncClient:
    """Make the client; redirects are not followed and the environment is not asked.

    It keeps no cookies, since one request's session is no other's, and has no timeouts, since
    those who ask have theirs. Behind a proxy it is the proxy that resolves names, so it has to
    guard addresses.

    Raises:
        OSError, ssl.SSLError: a certificate file cannot be used.
    """
    context = ssl.create_default_context(cafile=outbound.ca_bundle)
    if outbound.client_certificate is not None:
        context.load_cert_chain(outbound.client_certificate)
    transport = _Transport(Guard(may_connect), context, outbound.proxy)
    return httpx.AsyncClient(
        transport=transport,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=None,  # noqa: S113 - see above
        trust_env=False,
        follow_redirects=False,
    )


def is_public(address: IpAddress) -> bool:
    """Tell whether an address is one of the public internet, also inside another notation."""
    inner: IpAddress | None = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address not in _UNICAST:
            return False
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


async def _addresses(host: str, port: int) -> list[str]:
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise httpcore.ConnectError("the host is not known") from None
    return list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
