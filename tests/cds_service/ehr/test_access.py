"""Access: whose servers are asked, with which tokens, and at which addresses."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.ehr.access import Access, Denied, Gate
from cds_service.ehr.addresses import Base
from cds_service.ehr.network import is_public
from cds_service.ehr.options import EhrOptions
from cds_service.hooks.request import FhirAuthorization
from tests.cds_service.ehr.wire import BASE, SERVER, TOKEN, access_with

NORTH = EhrOptions(name="north", servers=(BASE,), client_id="iort")
SOUTH = EhrOptions(name="south", servers=(Base.parse("https://south.example.org/r4"),))
OPEN = EhrOptions(name="open", servers=(Base.parse("https://open.example.org/r4"),), open=True)
INNER = EhrOptions(name="inner", servers=(Base.parse("http://inner:8080/fhir"),), private=True)
METADATA = "169.254.169.254"


def gate(*, sandbox: bool = False) -> Gate:
    return Gate([NORTH, SOUTH, OPEN, INNER], sandbox=sandbox)


def token(**members: Any) -> FhirAuthorization:
    return FhirAuthorization(**{"token": TOKEN, "subject": "iort", **members})


def note(found: Access | Denied) -> str:
    """Why an EHR is not asked; empty if it is."""
    return found.note if isinstance(found, Denied) else ""


# --- servers


@pytest.mark.parametrize(
    ("server", "name"),
    [
        (SERVER, "north"),
        (f"{SERVER}/", "north"),
        (f"{SERVER}/tenant-1", "north"),
        ("HTTPS://EHR.EXAMPLE.ORG:443/fhir", "north"),
        ("https://south.example.org/r4", "south"),
        ("http://inner:8080/fhir", "inner"),
    ],
)
@pytest.mark.parametrize("sandbox", [False, True])
def test_a_registered_server_is_asked_with_the_token(
    server: str, name: str, *, sandbox: bool
) -> None:
    access = gate(sandbox=sandbox).access(server, token(), "p")

    assert isinstance(access, Access)
    assert (access.options.name, access.token) == (name, TOKEN)
    assert access.base == Base.parse(server)


@pytest.mark.parametrize(
    "server",
    [
        "https://ehr.example.org.evil/fhir",
        "https://ehr.example.org/fhirEVIL",
        "https://evil.example.net/fhir",
        "https://ehr.example.org:8443/fhir",
        "http://ehr.example.org/fhir",
        f"https://{METADATA}/fhir",
        "http://localhost.evil.example.net/fhir",
        "http://localhost:8080/fhir",
        "http://127.0.0.1:8080/fhir",
    ],
)
def test_other_servers_are_not_asked(server: str) -> None:
    found = gate().access(server, token(), "p")

    assert found == Denied("not-delivered", "The FHIR server is not registered here; not asked.")


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ("", "is no http address"),
        ("https://ehr.example.org@evil.example.net/fhir", "has user information"),
        (f"{SERVER}/../admin", "has dots or escapes in its path"),
    ],
)
def test_an_address_that_is_none_is_named(server: str, problem: str) -> None:
    found = gate(sandbox=True).access(server, token(), "p")
    assert note(found) == f"The address of the FHIR server {problem}; not asked."


def test_a_caller_has_its_own_servers_only() -> None:
    assert isinstance(gate().access(SERVER, token(), "p", NORTH), Access)
    assert "not registered" in note(gate().access(SERVER, token(), "p", SOUTH))


def test_plain_http_is_for_private_servers_only() -> None:
    plain = EhrOptions(name="plain", servers=(Base.parse("http://plain.example.org/fhir"),))
    found = Gate([plain], sandbox=False).access("http://plain.example.org/fhir", token(), "p")

    assert note(found) == "The FHIR server is not reached by https; not asked."
    assert isinstance(gate().access("http://inner:8080/fhir", token(), "p"), Access)


@pytest.mark.parametrize(
    "server",
    ["http://localhost:8090/fhir", "http://LOCALHOST./fhir", "http://127.0.0.1/fhir",
     "http://127.9.9.9/fhir", "http://[::1]:8090/fhir", "https://localhost/fhir"],
)  # fmt: skip
def test_the_loopback_needs_no_registration_in_the_sandbox(server: str) -> None:
    access = gate(sandbox=True).access(server, None, "p")

    assert isinstance(access, Access)
    assert (access.options.name, access.token) == ("sandbox", None)


@pytest.mark.parametrize(
    "server",
    ["http://localhost.evil.example.net", "http://127.0.0.1.nip.io", "http://127.1/fhir",
     "http://2130706433/fhir", "http://0x7f.0.0.1/fhir", "http://0.0.0.0/fhir",
     "http://[::]/fhir", "http://10.0.0.1/fhir", f"http://{METADATA}/fhir"],
)  # fmt: skip
def test_what_only_looks_like_the_loopback_is_refused_in_the_sandbox(server: str) -> None:
    assert "not registered" in note(gate(sandbox=True).access(server, None, "p"))


# --- tokens


def test_a_token_brings_its_scopes_and_its_life() -> None:
    access = gate().access(SERVER, token(scope="patient/Condition.s", seconds=300), "p")

    assert isinstance(access, Access)
    assert access.seconds == 300
    assert access.may_search("Condition")
    assert not access.may_read("Condition")
    assert not access.may_search("Observation")


@pytest.mark.parametrize("scope", ["", " \t"])
def test_without_scopes_the_server_decides(scope: str) -> None:
    access = gate().access(SERVER, token(scope=scope), "p")

    assert isinstance(access, Access)
    assert access.may_search("Condition")
    assert access.may_read("Patient")


def test_scopes_that_name_no_data_allow_none() -> None:
    access = gate().access(SERVER, token(scope="openid launch"), "p")

    assert isinstance(access, Access)
    assert not access.may_search("Condition")


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"bearer": False}, "is of a type that is not known"),
        ({"token": "a b"}, "is of a type that is not known"),
        ({"token": "a\r\nX-Other: b"}, "is of a type that is not known"),
        ({"token": "tökén"}, "is of a type that is not known"),
        ({"token": "a\x7f"}, "is of a type that is not known"),
        ({"seconds": 0}, "has expired"),
        ({"seconds": -5.0}, "has expired"),
        ({"patient": "q"}, "is for another patient"),
        ({"patient": "Patient/q"}, "is for another patient"),
        ({"patient": "P"}, "is for another patient"),
        ({"subject": "other"}, "is for another service"),
        ({"subject": None}, "is for another service"),
        ({"subject": ""}, "is for another service"),
    ],
)
@pytest.mark.parametrize("sandbox", [False, True])
def test_a_token_that_is_not_for_us_is_not_used(
    members: dict[str, Any], problem: str, *, sandbox: bool
) -> None:
    found = gate(sandbox=sandbox).access(SERVER, token(**members), "p")
    assert found == Denied("not-authorised", f"The access token {problem}; not used.")


@pytest.mark.parametrize("patient", [None, "", "p", "Patient/p"])
def test_a_token_for_this_patient_is_used(patient: str | None) -> None:
    assert isinstance(gate().access(SERVER, token(patient=patient), "p"), Access)


def test_without_our_client_id_any_subject_will_do() -> None:
    access = gate().access("https://south.example.org/r4", token(subject="who"), "p")
    assert isinstance(access, Access)


def test_without_token_only_open_servers_are_asked() -> None:
    assert note(gate().access(SERVER, None, "p")) == "The request brought no access token."
    access = gate().access("https://open.example.org/r4", None, "p")
    assert isinstance(access, Access)
    assert access.token is None


def test_without_token_every_known_server_is_asked_in_the_sandbox() -> None:
    assert isinstance(gate(sandbox=True).access(SERVER, None, "p"), Access)


def test_a_token_never_gets_into_a_log() -> None:
    access = access_with("patient/*.rs")

    for shown in (repr(access), str(access), f"{access!r}", repr([access]), repr(token())):
        assert TOKEN not in shown
    assert repr(access) == "Access(north)"


# --- where names lead


def may(host: str, address: str, port: int = 443, *, sandbox: bool = False) -> bool:
    return gate(sandbox=sandbox).may_connect(host, port, ipaddress.ip_address(address))


PRIVATE = [
    METADATA,
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:10.1.2.3",
    f"::ffff:{METADATA}",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
]
PUBLIC = [
    "8.8.8.8",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("sandbox", [False, True])
def test_a_registered_name_may_not_lead_inside(address: str, *, sandbox: bool) -> None:
    assert not may("ehr.example.org", address, sandbox=sandbox)
    assert not may("rebound.example.net", address, 8080, sandbox=sandbox)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_may_lead_to_the_internet(address: str) -> None:
    assert may("ehr.example.org", address)


def test_a_private_server_may_be_inside_by_its_name_and_port_only() -> None:
    assert may("inner", "10.1.2.3", 8080)
    assert may("inner", "127.0.0.1", 8080)
    assert not may("inner", "10.1.2.3", 8081)
    assert not may("ehr.example.org", "10.1.2.3")


def test_other_hosts_may_be_inside_where_somebody_vouches_for_them() -> None:
    vouching = Gate([], sandbox=False, is_private=lambda *to: to == ("keys", 443))
    inside = ipaddress.ip_address("10.1.2.3")

    assert vouching.may_connect("keys", 443, inside)
    assert not vouching.may_connect("keys", 8443, inside)
    assert not vouching.may_connect("other", 443, inside)


def test_the_loopback_is_reached_by_its_own_name_and_in_the_sandbox_only() -> None:
    assert may("localhost", "127.0.0.1", 8090, sandbox=True)
    assert may("::1", "::1", 8090, sandbox=True)
    assert not may("localhost", "127.0.0.1", 8090)
    assert not may("localhost.evil.example.net", "127.0.0.1", 8090, sandbox=True)
    assert not may("localhost", "10.1.2.3", 8090, sandbox=True)
    assert not may("localhost", METADATA, 8090, sandbox=True)


@given(st.ip_addresses(v=4))
def test_every_notation_of_an_address_counts_alike(address: ipaddress.IPv4Address) -> None:
    public = is_public(address)
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        other = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(address))
        assert is_public(other) is public
    assert is_public(ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80)) is public
    assert not is_public(ipaddress.IPv6Address(int(address)))
