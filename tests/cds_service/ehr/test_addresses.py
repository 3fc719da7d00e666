"""Addresses: nothing outside the base is ever asked, whatever text comes in."""

from urllib.parse import unquote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.ehr.addresses import AddressError, Base
from cds_service.ehr.client import EhrClient

SERVER = "https://ehr.example.org/fhir"
BASE = Base.parse(SERVER)

PARTS = st.sampled_from(
    ["https://", "http://", "//", "/", "ehr.example.org", "evil.example.net", "fhir", "..", ".",
     "%2e", "%2f", ";", "@", ":", ":443", "?", "#", "_getpages=1", "&", "=", "\\", "\t", "\n", " ",
     "localhost", "[::1]", "Condition", "ﾟ", "。", "EHR", "x"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(PARTS, max_size=12).map("".join),
    st.lists(PARTS, max_size=12).map(lambda parts: SERVER + "".join(parts)),
)


# --- base addresses


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (SERVER, SERVER),
        (f"{SERVER}/", SERVER),
        (f"{SERVER}///", SERVER),
        ("HTTPS://EHR.Example.ORG/fhir", SERVER),
        ("https://ehr.example.org:443/fhir", SERVER),
        ("https://ehr.example.org:/fhir", SERVER),
        ("https://ehr.example.org./fhir", SERVER),
        ("http://ehr.example.org:80/fhir", "http://ehr.example.org/fhir"),
        ("http://ehr.example.org:443", "http://ehr.example.org:443"),
        ("https://ehr.example.org:8443/r4/fhir", "https://ehr.example.org:8443/r4/fhir"),
        ("https://ehr.example.org", "https://ehr.example.org"),
        ("http://[::1]:8080/fhir", "http://[::1]:8080/fhir"),
    ],
)
def test_a_base_is_shown_in_its_plainest_form(text: str, shown: str) -> None:
    assert str(Base.parse(text)) == shown
    assert Base.parse(shown) == Base.parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no http address"),
        ("ehr.example.org/fhir", "is no http address"),
        ("/fhir", "is no http address"),
        ("//ehr.example.org/fhir", "is no http address"),
        ("ftp://ehr.example.org/fhir", "is no http address"),
        ("file:///etc/passwd", "is no http address"),
        ("javascript:alert(1)", "is no http address"),
        ("https://", "names no host"),
        ("https:///fhir", "names no host"),
        ("https:ehr.example.org/fhir", "names no host"),
        ("https://./fhir", "names no host"),
        ("https://:443/fhir", "names no host"),
        ("https://ehr.example.org@evil.example.net/fhir", "has user information"),
        ("https://me:pw@ehr.example.org/fhir", "has user information"),
        ("https://@ehr.example.org/fhir", "has user information"),
        ("https://ehr.example.org:x/fhir", "has no valid port"),
        ("https://ehr.example.org:99999/fhir", "has no valid port"),
        ("https://ehr.example.org:-1/fhir", "has no valid port"),
        (f"{SERVER}?x=1", "has a query or a fragment"),
        (f"{SERVER}?", "has a query or a fragment"),
        (f"{SERVER}#", "has a query or a fragment"),
        (f"{SERVER}#x", "has a query or a fragment"),
        (f"{SERVER}/..", "has dots or escapes in its path"),
        (f"{SERVER}/../admin", "has dots or escapes in its path"),
        (f"{SERVER}/./x", "has dots or escapes in its path"),
        (f"{SERVER}/..;/admin", "has dots or escapes in its path"),
        (f"{SERVER}/..;x=1/admin", "has dots or escapes in its path"),
        (f"{SERVER}/%2e%2e/admin", "has dots or escapes in its path"),
        (f"{SERVER}/%2E%2e", "has dots or escapes in its path"),
        (f"{SERVER}%2fadmin", "has dots or escapes in its path"),
        ("https://ehr.example.org//fhir", "has dots or escapes in its path"),
        (f"{SERVER}\\@evil.example.net", "has characters that an address must not have"),
        ("https:\\\\ehr.example.org\\fhir", "has characters that an address must not have"),
        (f" {SERVER}", "has characters that an address must not have"),
        (f"{SERVER}\n", "has characters that an address must not have"),
        ("https://ehr.example.org\t/fhir", "has characters that an address must not have"),
        ("https://ehr\0.example.org/fhir", "has characters that an address must not have"),
        ("https://ehr。example.org/fhir", "has characters that an address must not have"),
        ("https://ehr.examp\u217ce.org/fhir", "has characters that an address must not have"),
        ("https://ehr.example.org\uff1a443/fhir", "has characters that an address must not have"),
        ("https://[::1/fhir", "is no address"),
        ("https://[ehr]/fhir", "is no address"),
    ],
)  # fmt: skip
def test_what_is_no_plain_base_is_refused_without_quoting_it(text: str, problem: str) -> None:
    with pytest.raises(AddressError) as refused:
        Base.parse(text)
    assert str(refused.value) == problem


@pytest.mark.parametrize("text", [SERVER, f"{SERVER}/tenant-1", f"{SERVER}/a/b/"])
def test_what_lies_below_a_base_belongs_to_it(text: str) -> None:
    assert BASE.holds(Base.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "https://ehr.example.org.evil.example.net/fhir",
        "https://ehr.example.org.evil/fhir",
        "https://evil-ehr.example.org/fhir",
        "https://ehr.example.orgevil/fhir",
        "https://ehr.example.org/fhirEVIL",
        "https://ehr.example.org/fhirEVIL/x",
        "https://ehr.example.org/fhi",
        "https://ehr.example.org/FHIR",
        "https://ehr.example.org",
        "https://ehr.example.org/x/fhir",
        "http://ehr.example.org/fhir",
        "https://ehr.example.org:8443/fhir",
        "https://ehr.example.org:0/fhir",
        "https://xn--ehr-.example.org/fhir",
    ],
)
def test_what_only_looks_like_a_base_does_not_belong_to_it(text: str) -> None:
    assert not BASE.holds(Base.parse(text))


def test_everything_on_a_host_belongs_to_a_base_without_path() -> None:
    assert Base.parse("https://ehr.example.org").holds(BASE)


@given(TEXTS)
@example(f"{SERVER}/..;/admin")
@example("https://ehr.example.org:443:443/fhir")
def test_a_base_is_read_by_others_as_by_us(text: str) -> None:
    try:
        base = Base.parse(text)
        url = httpx.URL(f"{base}/Patient/1")
    except (AddressError, httpx.InvalidURL):
        return
    assert (url.scheme, url.host, url.port or {"http": 80, "https": 443}[url.scheme]) == (
        base.scheme,
        base.host,
        base.port,
    )
    assert url.path.endswith("/Patient/1")
    assert url.userinfo == url.query == b""
    assert Base.parse(str(base)) == base


# --- links to further pages


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f"{SERVER}/Condition?page=2", "Condition?page=2"),
        (f"{SERVER}/Condition/_search?page=2", "Condition/_search?page=2"),
        ("HTTPS://EHR.EXAMPLE.ORG:443/fhir/Condition?page=2", "Condition?page=2"),
        (f"{SERVER}?page=2", "?page=2"),
        (f"{SERVER}/?page=2", "?page=2"),
        (f"{SERVER}/Condition?code=http%3A%2F%2Fx.org|1", "Condition?code=http%3A%2F%2Fx.org|1"),
        (f"{SERVER}?_getpages=1-2&_getpagesoffset=20", "?_getpages=1-2&_getpagesoffset=20"),
        ("http://hapi:8080/fhir?_getpages=1&_count=20", "?_getpages=1&_count=20"),
        ("https://evil.example.net/x/y?_getpages=1", "?_getpages=1"),
    ],
)  # fmt: skip
def test_a_page_is_asked_on_our_base(link: str, path: str) -> None:
    assert BASE.page(link) == path


@pytest.mark.parametrize(
    "link",
    [
        "",
        "Condition?page=2",
        "/fhir/Condition?page=2",
        "?_getpages=1",
        "//ehr.example.org/fhir/Condition?page=2",
        "https://evil.example.net/fhir/Condition?page=2",
        "https://ehr.example.org.evil/fhir/Condition?page=2",
        "https://ehr.example.org@evil.example.net/fhir/Condition?page=2",
        "https://evil.example.net#@ehr.example.org/fhir/Condition?page=2",
        "https://ehr.example.org/fhirEVIL/Condition?page=2",
        "http://ehr.example.org/fhir/Condition?page=2",
        "https://ehr.example.org:8443/fhir/Condition?page=2",
        "https://ehr.example.org:x/fhir/Condition?page=2",
        f"{SERVER}/../admin?page=2",
        f"{SERVER}/Condition/../../admin?page=2",
        f"{SERVER}/..;/admin?page=2",
        f"{SERVER}/%2e%2e/admin?page=2",
        f"{SERVER}/%252e%252e/admin?page=2",
        f"{SERVER}/..%2fadmin?page=2",
        f"{SERVER}//evil.example.net/x?page=2",
        f"{SERVER}/Condition?page=2#x",
        f"{SERVER}\\..\\admin?page=2",
        f"{SERVER}/Condition?page=2\r\nHost: evil",
        f"{SERVER}/Condition?name=é",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    assert BASE.page(link) is None


@given(TEXTS)
@example(f"{SERVER}/..;/admin?x")
@example("https://evil.example.net/?_getpages=/../../x")
def test_no_link_leads_out_of_the_base(link: str) -> None:
    path = BASE.page(link)
    if path is None:
        return
    client = EhrClient(BASE, httpx.AsyncClient(), "token")
    url = httpx.URL(client._build_request_url(path, {}))
    assert (url.scheme, url.host, url.port, url.userinfo) == ("https", "ehr.example.org", None, b"")
    assert url.path == "/fhir" or url.path.startswith("/fhir/")
    assert not {"..", "."} & {one.partition(";")[0] for one in unquote(url.path).split("/")}
