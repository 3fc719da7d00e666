"""The network: where connections go, and what they carry over from one request to the next."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cds_service.ehr import network
from cds_service.ehr.network import Guard, IpAddress, MayConnect, Outbound, make_client
from tests.cds_service.ehr.sockets import Socket, http, saying, serving

OK = saying(http(b"{}"))


def anywhere(host: str, port: int, address: IpAddress) -> bool:
    return True


def nowhere(host: str, port: int, address: IpAddress) -> bool:
    return False


async def get(url: str, may: MayConnect = anywhere, **outbound: str) -> httpx.Response:
    async with make_client(Outbound(**outbound), may) as client:
        return await client.get(url)


# --- the guard


def test_a_name_is_connected_to_the_address_that_was_checked() -> None:
    checked: list[tuple[str, int, str]] = []

    def may(host: str, port: int, address: IpAddress) -> bool:
        checked.append((host, port, str(address)))
        return address.version == 4

    async def run() -> Socket:
        async with serving(OK) as server:
            await get(f"http://localhost:{server.port}/x", may)
        return server

    server = asyncio.run(run())
    assert ("localhost", server.port, "127.0.0.1") in checked
    assert server.heads[0].startswith(f"GET /x HTTP/1.1\r\nHost: localhost:{server.port}\r\n")


def test_an_address_that_is_not_allowed_is_not_connected_to() -> None:
    async def run() -> Socket:
        async with serving(OK) as server:
            with pytest.raises(httpx.ConnectError, match="the address is not allowed"):
                await get(f"http://127.0.0.1:{server.port}", nowhere)
        return server

    assert asyncio.run(run()).connections == 0


def test_a_redirect_to_such_an_address_is_not_followed() -> None:
    moved = saying(http(b"", "302 Found", "Location: http://169.254.169.254/latest"))

    async def run() -> tuple[int, Socket]:
        async with serving(moved) as server:
            response = await get(f"http://127.0.0.1:{server.port}")
        return response.status_code, server

    status, server = asyncio.run(run())
    assert (status, len(server.heads)) == (302, 1)


def test_of_several_addresses_the_first_that_is_allowed_and_answers_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    async def addresses(host: str, port: int) -> list[str]:
        return ["10.9.9.9", "127.0.0.2", "127.0.0.1"]

    def may(host: str, port: int, address: IpAddress) -> bool:
        tried.append(str(address))
        return address.is_loopback

    async def run() -> Socket:
        async with serving(OK) as server:  # not on 127.0.0.2
            await get(f"http://ehr.example.org:{server.port}", may)
        return server

    monkeypatch.setattr(network, "_addresses", addresses)
    assert asyncio.run(run()).connections == 1
    assert tried == ["10.9.9.9", "127.0.0.2", "127.0.0.1"]


def test_if_no_allowed_address_answers_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with serving(OK) as server:
            port = server.port
        with pytest.raises(httpx.ConnectError) as failed:
            await get(f"http://127.0.0.1:{port}")
        assert "not allowed" not in str(failed.value)

    asyncio.run(run())


def test_an_unknown_name_is_no_connection() -> None:
    with pytest.raises(httpx.ConnectError, match="the host is not known"):
        asyncio.run(get("http://no-such-host.invalid/"))


def test_the_zone_of_an_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(host: str, port: int, type: int) -> list[tuple[int, int, int, str, object]]:  # noqa: A002
        return [(0, 0, 0, "", ("fe80::1%eth0", port)), (0, 0, 0, "", ("fe80::1", port))]

    monkeypatch.setattr("anyio.getaddrinfo", found)
    assert asyncio.run(network._addresses("inner", 80)) == ["fe80::1"]


def test_waiting_is_left_to_the_event_loop() -> None:
    asyncio.run(Guard(anywhere).sleep(0))


def test_six_is_as_good_as_four() -> None:
    async def run() -> Socket:
        async with serving(OK, "::1") as server:
            await get(f"http://[::1]:{server.port}")
        return server

    assert asyncio.run(run()).connections == 1


# --- the client


def test_connections_are_used_again() -> None:
    async def run() -> Socket:
        async with serving(OK) as server, make_client(Outbound(), anywhere) as client:
            for _ in range(3):
                await client.get(f"http://127.0.0.1:{server.port}")
        return server

    server = asyncio.run(run())
    assert (server.connections, len(server.heads)) == (1, 3)


def test_a_session_of_one_request_is_not_carried_into_the_next() -> None:
    cookie = saying(http(b"{}", "200 OK", "Set-Cookie: JSESSIONID=of-somebody-else; Path=/"))

    async def run() -> Socket:
        async with serving(cookie) as server, make_client(Outbound(), anywhere) as client:
            for _ in range(2):
                await client.get(f"http://127.0.0.1:{server.port}")
        return server

    assert not any("cookie" in head.lower() for head in asyncio.run(run()).heads)


def test_the_client_has_no_timeouts_of_its_own() -> None:
    async def timeout() -> httpx.Timeout:
        async with make_client(Outbound(), anywhere) as client:
            return client.timeout

    assert asyncio.run(timeout()) == httpx.Timeout(None)


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def run() -> int:
        async with serving(OK) as server:
            return (await get(f"http://127.0.0.1:{server.port}")).status_code

    assert asyncio.run(run()) == 200


def test_behind_a_proxy_the_proxy_resolves_names() -> None:
    async def run() -> Socket:
        async with serving(OK) as proxy:
            url = f"http://127.0.0.1:{proxy.port}"
            await get("http://ehr.invalid/fhir/metadata", nowhere, proxy=url)
        return proxy

    assert asyncio.run(run()).heads[0].startswith("GET http://ehr.invalid/fhir/metadata HTTP/1.1")


# --- certificates


def certificate(folder: Path) -> str:
    """Make a file with a certificate of localhost, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return str(file)


def strict_server(file: str) -> ssl.SSLContext:
    """A server that lets in who shows its own certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=file)
    context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_private_authority_and_a_client_certificate_are_used(tmp_path: Path) -> None:
    file = certificate(tmp_path)

    async def run() -> int:
        async with serving(OK, context=strict_server(file)) as server:
            url = f"https://127.0.0.1:{server.port}"
            response = await get(url, ca_bundle=file, client_certificate=file)
        return response.status_code

    assert asyncio.run(run()) == 200


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    context = strict_server(certificate(tmp_path))

    async def run() -> None:
        async with serving(OK, context=context) as server:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await get(f"https://127.0.0.1:{server.port}")

    asyncio.run(run())


@pytest.mark.parametrize("name", ["ca_bundle", "client_certificate"])
def test_a_certificate_file_that_cannot_be_used_is_an_error(tmp_path: Path, name: str) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")

    with pytest.raises(OSError):  # noqa: PT011 - with no more to say
        make_client(Outbound(**{name: str(tmp_path / "missing.pem")}), anywhere)
    with pytest.raises((OSError, ssl.SSLError)):
        make_client(Outbound(**{name: str(empty)}), anywhere)


def test_what_is_not_allowed_counts_as_no_connection() -> None:
    assert issubclass(network.ForbiddenAddressError, httpcore.ConnectError)
