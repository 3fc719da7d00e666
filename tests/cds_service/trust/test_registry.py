"""The registry file: what it says, what is wrong with it, and how changes come into effect."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from cds_service.ehr.addresses import Base
from cds_service.trust.registry import Registry, RegistryError, RegistryWatch, load_registry
from tests.cds_service.trust.signing import (
    ISSUER,
    Clock,
    all_keys,
    entry,
    jwk,
    jwks,
    write_registry,
)

WHOLE = """\
ehrs:
  north-hospital:
    issuer: https://ehr.north.example.org
    jwks: {url: "https://ehr.north.example.org/jwks?v=1"}
    jku: https://ehr.north.example.org/old-jwks
    fhirServers:
      - https://fhir.north.example.org/r4/
      - https://fhir2.north.example.org
    algorithms: [ES384, PS384]
    leeway: 30
    lifetime: 86400
    tenants: [blue, green]
    clientId: iort-cds
    origins: ["https://App.north.example.org:443", "https://north.example.org:8443"]
    replay: tolerant
    rate: 120
    open: true
    bare: true
    nullMeans: unreadable
  sandbox:
    issuer: urn:sandbox
    jwks: {file: keys.json}
    fhirServers: ["http://127.0.0.1:8090/fhir"]
    origins: ["http://127.0.0.1:3000"]
    private: true
"""


def load(folder: Path, text: str = WHOLE) -> Registry:
    return load_registry(write_registry(folder, text))


def test_everything_that_a_registry_says(tmp_path: Path) -> None:
    registry = load(tmp_path)
    north, sandbox = registry.ehrs
    assert north.name == "north-hospital"
    assert north.issuer == "https://ehr.north.example.org"
    assert north.keys is None
    assert north.jwks_url == "https://ehr.north.example.org/jwks?v=1"
    assert north.jkus == {north.jwks_url, "https://ehr.north.example.org/old-jwks"}
    assert north.algorithms == {"ES384", "PS384"}
    assert (north.leeway, north.lifetime, north.rate) == (30, 86_400, 120)
    assert north.tenants == frozenset({"blue", "green"})
    assert north.replay == "tolerant"
    assert north.origins == ("https://app.north.example.org", "https://north.example.org:8443")
    options = north.options
    assert list(map(str, options.servers)) == [
        "https://fhir.north.example.org/r4",
        "https://fhir2.north.example.org",
    ]
    assert options.client_id == "iort-cds"
    assert (options.open, options.private, options.bare) == (True, False, True)
    assert options.null_means == "unreadable"
    assert sandbox.keys is not None
    assert "ES384" in sandbox.keys
    assert sandbox.jkus == frozenset()


def test_what_is_not_said_is_careful(tmp_path: Path) -> None:
    ehr = load_registry(write_registry(tmp_path, north=entry())).ehrs[0]
    assert ehr.algorithms == {"ES384", "RS384"}
    assert (ehr.leeway, ehr.lifetime, ehr.replay) == (60, 3600, "strict")
    assert (ehr.tenants, ehr.rate, ehr.origins) == (None, None, ())
    options = ehr.options
    assert (options.open, options.private, options.bare) == (False, False, False)
    assert (options.servers, options.client_id, options.null_means) == ((), None, None)


def test_ehrs_are_found(tmp_path: Path) -> None:
    registry = load(tmp_path)
    north, sandbox = registry.ehrs
    assert registry.of_issuer("urn:sandbox") is sandbox
    assert registry.of_issuer("urn:Sandbox") is None
    assert registry.of_server(Base.parse("https://fhir.north.example.org/r4/tenant")) is north
    assert registry.of_server(Base.parse("https://fhir.north.example.org/r4EVIL")) is None
    assert registry.of_server(Base.parse("http://127.0.0.1:8090/fhir")) is sandbox
    assert registry.origins == {*north.origins, "http://127.0.0.1:3000"}
    assert registry.is_private("127.0.0.1", 8090)
    assert not registry.is_private("127.0.0.1", 8091)
    assert not registry.is_private("fhir.north.example.org", 443)
    assert ("ehr.north.example.org", 443) in north.hosts


def test_a_registry_may_trust_nobody(tmp_path: Path) -> None:
    assert load(tmp_path, "ehrs: {}\n").ehrs == ()


SECRET = "hunter2"
EHR = f"ehrs:\n  north:\n    issuer: {ISSUER}\n    jwks: {{file: keys.json}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "file: Input should be"),
        ("[]", 1, "file: Input should be"),
        ("north: {}\n", 1, "north: Extra inputs are not permitted"),
        ("ehrs:\n  - north\n", 1, "ehrs: Input should be"),
        ("ehrs:\n  north: {}\n", 2, "ehrs.north.issuer: Field required"),
        ("ehrs:\n  no rth: {}\n", 2, "ehrs.no rth: String should match"),
        ("ehrs:\n  5: {}\n", 1, "ehrs.5: Input should be a valid string"),
        (EHR + f"    secret: {SECRET}\n", 5, "ehrs.north.secret: Extra inputs"),
        (EHR + "    algorithms: [ES384, HS256]\n", 5, "ehrs.north.algorithms.1: Input should be"),
        (EHR + "    algorithms: [none]\n", 5, "ehrs.north.algorithms.0: Input should be"),
        (EHR + "    algorithms: []\n", 5, "ehrs.north.algorithms: List should have"),
        (EHR + "    leeway: 301\n", 5, "ehrs.north.leeway: Input should be less"),
        (EHR + "    leeway: .nan\n", 5, "ehrs.north.leeway: Input should be"),
        (EHR + "    leeway: '5'\n", 5, "ehrs.north.leeway: Input should be a valid number"),
        (EHR + "    lifetime: 0\n", 5, "ehrs.north.lifetime: Input should be greater"),
        (EHR + "    lifetime: 86401\n", 5, "ehrs.north.lifetime: Input should be less"),
        (EHR + "    tenants: []\n", 5, "ehrs.north.tenants: List should have"),
        (EHR + "    rate: 0\n", 5, "ehrs.north.rate: Input should be greater"),
        (EHR + "    replay: none\n", 5, "ehrs.north.replay: Input should be"),
        (EHR + "    open: 'yes'\n", 5, "ehrs.north.open: Input should be a valid boolean"),
        (EHR + f"    clientId: '{SECRET} 2'\n", 5, "ehrs.north.clientId: String should match"),
        (EHR + "    fhirServers:\n      - https://a.example\n      - ftp://b.example\n", 7,
         "ehrs.north.fhirServers.1: is no http address"),
        (EHR + f"    fhirServers: ['https://me:{SECRET}@a.example']\n", 5, "has user information"),
        (EHR + "    fhirServers: ['http://a.example']\n", 5,
         "ehrs.north.fhirServers.0: has to be https, unless private is true"),
        (EHR + "    origins: ['http://a.example']\n", 5,
         "ehrs.north.origins.0: has to be https, unless private is true"),
        (EHR + "    origins: ['https://a.example/app']\n", 5, "is an address, not an origin"),
        (EHR + "    origins: ['*']\n", 5, "ehrs.north.origins.0: is no http address"),
        (EHR.replace("{file: keys.json}", "{}"), 4, "jwks: needs either a url or a file"),
        (EHR.replace("file: keys.json", "file: keys.json, url: 'https://a.example'"), 4,
         "jwks: needs either a url or a file"),
        (EHR.replace("file: keys.json", "file: none.json"), 4,
         "ehrs.north.jwks.file: cannot be read: No such file"),
        (EHR.replace("file: keys.json", "file: registry.yaml"), 4, "jwks.file: is no key set"),
        (EHR.replace("file: keys.json", 'file: "a\\0b"'), 4, "jwks.file: String should match"),
        (EHR.replace("file: keys.json", "url: 'http://a.example'"), 4,
         "ehrs.north.jwks.url: has to be https"),
        (EHR.replace("file: keys.json", f"url: 'https://a.example/%2e/?{SECRET}'"), 4,
         "ehrs.north.jwks.url: has dots or escapes"),
        (EHR.replace("file: keys.json", "url: 'https://a.example/jwks?a#b'"), 4, "has a fragment"),
        (EHR + EHR.replace("ehrs:\n", "").replace("north", "south"), 6,
         "ehrs.south.issuer: is the issuer of north too"),
        (EHR + "    fhirServers: ['https://a.example/fhir']\n"
         + EHR.replace("ehrs:\n", "").replace("north", "south").replace(ISSUER, "urn:south")
         + "    fhirServers: ['https://b.example', 'https://a.example/fhir/r4']\n", 9,
         "ehrs.south.fhirServers: are servers of north too"),
        (EHR + "    fhirServers: ['https://a.example/fhir/r4']\n"
         + EHR.replace("ehrs:\n", "").replace("north", "south").replace(ISSUER, "urn:south")
         + "    fhirServers: ['https://a.example/fhir']\n", 9,
         "ehrs.south.fhirServers: are servers of north too"),
        (EHR + EHR.replace("ehrs:\n", ""), 5, "north stands here twice"),
        (EHR + f"    issuer: {SECRET}\n", 5, "issuer stands here twice"),
        (f"ehrs:\n  north: {SECRET}: x\n", 2, "not readable as YAML"),
        (f"ehrs:\n  north: *{SECRET}\n", 2, "not readable as YAML"),
        (f"ehrs:\n  north: !{SECRET} x\n", 2, "not readable as YAML"),
        ("ehrs:\n  [a]: x\n", 2, "not readable as YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    with pytest.raises(RegistryError) as caught:
        load(tmp_path, text)
    said = str(caught.value)
    assert any(
        one.startswith(f"{tmp_path / 'registry.yaml'}, line {line}: ") and message in one
        for one in said.splitlines()
    ), said
    assert SECRET not in said


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\xff", b"ehrs: \0", b"[" * 2000, b"day: 2020-99-99", b"a: &a [*a]"]
)
def test_files_that_are_no_yaml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "registry.yaml"
    path.write_bytes(content)
    with pytest.raises(RegistryError, match=r"registry\.yaml(, line \d+)?: not readable as YAML"):
        load_registry(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(RegistryError, match="cannot be read"):
            load_registry(path)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    text = EHR + "    fhirServers: ['http://a.example', 'https://a@b']\n"
    with pytest.raises(RegistryError) as caught:
        load(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 2


def test_keys_in_a_file_that_are_not_used_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_registry(tmp_path, north=entry(jwks={"file": "own.json"}))
    (tmp_path / "own.json").write_bytes(jwks(jwk("ES384", "a"), {"kty": "oct", "k": SECRET}))
    load_registry(path)
    assert "key 1 of north is not used: it is symmetric" in caplog.text
    assert SECRET not in caplog.text


class Watched:
    """A registry with a clock to turn and files to change."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.folder = folder
        self.path = write_registry(folder, north=entry())
        self.watch = RegistryWatch(self.path, self.clock)
        self._times = 0

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self._times += 1
        os.utime(path, (self._times, self._times))

    def names(self, seconds: float = 1.0) -> list[str]:
        self.clock.now += seconds
        return [ehr.name for ehr in self.watch.current().ehrs]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_changed_file_comes_into_effect(watched: Watched) -> None:
    before = watched.watch.current()
    assert watched.names() == ["north"]
    assert watched.watch.current() is before
    watched.write("registry.yaml", EHR.replace("north", "south"))
    assert watched.names(0.9) == ["north"]
    assert watched.names(0.1) == ["south"]
    watched.write("registry.yaml", "ehrs: {}")
    assert watched.names() == []


def test_changed_keys_come_into_effect(watched: Watched) -> None:
    watched.write("keys.json", jwks(jwk("ES384", "new")))
    assert watched.names() == ["north"]
    keys: Any = watched.watch.current().ehrs[0].keys
    assert list(keys.keys) == ["new"]


def test_a_broken_file_changes_nothing_and_is_logged_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.write("registry.yaml", f"{EHR}    secret: {SECRET}\n")
    assert [watched.names() for _ in range(3)] == [["north"]] * 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "line 5: ehrs.north.secret: Extra inputs" in caplog.text
    assert SECRET not in caplog.text
    watched.write("registry.yaml", EHR.replace("north", "south"))
    assert watched.names() == ["south"]


def test_files_that_go_away_and_come_back(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.path.unlink()
    assert [watched.names() for _ in range(2)] == [["north"]] * 2
    watched.write("registry.yaml", EHR.replace("north", "south"))
    assert watched.names() == ["south"]
    (watched.folder / "keys.json").unlink()
    assert [watched.names() for _ in range(2)] == [["south"]] * 2
    assert len(caplog.records) == 2
    watched.write("keys.json", all_keys())
    before = watched.watch.current()
    assert watched.names() == ["south"]
    assert watched.watch.current() is not before


def test_a_registry_that_is_broken_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RegistryError):
        RegistryWatch(write_registry(tmp_path, "[]"))
