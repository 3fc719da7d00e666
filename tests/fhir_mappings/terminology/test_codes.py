"""Value sets and concept maps: what is shipped, and a site's own."""

import json
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest
from fhir.resources.R4B.valueset import ValueSet

from fhir_mappings.elements import CodeableConcept, Coding
from fhir_mappings.facts import Behaviour, Disease, Organ, Side
from fhir_mappings.terminology import Terminology, TerminologyError, load_terminology
from fhir_mappings.terminology.systems import plausible_systems, system_key
from fhir_mappings.tnm import parse_code
from tests.builders import CPT, ICD, SNOMED
from tests.judging import assessor

HOME = resources.files("fhir_mappings.terminology")
FILES = sorted(Path(str(HOME.joinpath("valuesets"))).glob("*.json"))
TERMINOLOGY = assessor().terminology
WORDS: dict[str, tuple[str, ...]] = {
    "organ-": get_args(Organ),
    "behaviour-": get_args(Behaviour),
    "disease-": get_args(Disease),
    "histology-": get_args(Disease),
    "laterality-": get_args(Side),
}


def sense(system: str | None, code: str | None) -> Any:
    return TERMINOLOGY.sense(Coding(system=system, code=code))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_value_set_is_valid_fhir_and_names_itself(file: Path) -> None:
    content = json.loads(file.read_text("utf-8"))

    ValueSet.model_validate({key: one for key, one in content.items() if key != "resourceType"})
    assert content["id"] == file.stem
    for include in content["compose"]["include"]:
        assert system_key(include["system"]) is not None
        for concept in include.get("concept", ()):
            assert concept["display"]


def test_no_code_stands_twice_in_a_value_set() -> None:
    for file in FILES:
        codes = [
            (include["system"], concept["code"])
            for include in json.loads(file.read_text("utf-8"))["compose"]["include"]
            for concept in include.get("concept", ())
        ]
        assert len(codes) == len(set(codes)), file.stem


def test_classes_are_words_of_the_vocabulary_of_facts() -> None:
    for file in FILES:
        for prefix, words in WORDS.items():
            if file.stem.startswith(prefix):
                assert file.stem.removeprefix(prefix) in words, file.stem


def test_every_category_of_the_concept_map_is_one() -> None:
    content = json.loads(HOME.joinpath("conceptmaps/tnm-categories.json").read_text("utf-8"))
    codes = [
        target["code"]
        for group in content["group"]
        for element in group["element"]
        for target in element["target"]
    ]

    assert codes
    for code in set(codes) - {"r"}:  # the symbol that marks a stage found at recurrence
        assert parse_code(code, "T") or parse_code(code, "N"), code


def test_codes_of_a_system_have_its_shape() -> None:
    for file in FILES:
        for include in json.loads(file.read_text("utf-8"))["compose"]["include"]:
            system = system_key(include["system"])
            for concept in include.get("concept", ()):
                if system in ("cpt", "loinc", "icd-o-3", "icd-10-pcs"):
                    assert system in plausible_systems(concept["code"]), concept


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (ICD, "C50.412", {"organ-breast", "behaviour-malignant", "laterality-left"}),
        (ICD, "c50412", {"organ-breast", "behaviour-malignant", "laterality-left"}),
        (None, "C50.411", {"organ-breast", "behaviour-malignant", "laterality-right"}),
        ("", "77425", {"order-iort", "modality-electrons"}),
        (CPT, "77424", {"order-iort", "modality-x-ray"}),
        (SNOMED, "C50.412", set()),
        ("http://hospital.example", "C50.412", set()),
        (None, "anything", set()),
        (None, None, set()),
    ],
)
def test_a_code_means_what_its_value_sets_say(
    system: str | None, code: str | None, expected: set[str]
) -> None:
    assert sense(system, code).classes == expected


def test_traps_of_the_tables_mean_nothing() -> None:
    assert "margin-involved" not in sense(SNOMED, "61026006").classes
    assert not sense("http://loinc.org", "33746-9").classes
    assert "organ-breast" not in sense(SNOMED, "314966008").classes


def test_a_category_has_its_literal() -> None:
    assert sense(SNOMED, "1228899006").literal == "cT1c"
    assert sense("http://cancerstaging.org", "pN0(i+)").literal == "pN0(i+)"


def test_the_classes_of_a_concept_are_those_of_all_its_codings() -> None:
    concept = CodeableConcept(
        coding=[
            Coding(system=CPT, code="19301"),
            Coding(system=CPT, code="77425"),
            Coding(system=CPT),
        ]
    )

    assert {"order-iort", "surgery-tumor"} <= TERMINOLOGY.classes(concept)
    assert TERMINOLOGY.classes(None) == frozenset()


def own_map(tmp_path: Path, **group: Any) -> Terminology:
    content = {"resourceType": "ConceptMap", "group": [{**GROUP, **group}]}
    (tmp_path / "own.json").write_text(json.dumps(content), "utf-8")
    return load_terminology(tmp_path)


LOCAL = "http://hospital.example/codes"
GROUP = {
    "source": LOCAL,
    "target": CPT,
    "element": [
        {"code": "IORT-E", "target": [{"code": "77425", "equivalence": "equivalent"}]},
        {"code": "OTHER", "target": [{"code": "77425", "equivalence": "disjoint"}]},
        {"code": "NONE", "target": [{"equivalence": "unmatched"}]},
        {"code": "BARE"},
    ],
}


def test_a_sites_own_map_translates_its_codes_and_says_so(tmp_path: Path) -> None:
    own = own_map(tmp_path)
    found = own.sense(Coding(system=LOCAL, code=" IORT-E "))

    assert found.classes == {"order-iort", "modality-electrons"}
    assert found.mapped
    for code in ("OTHER", "NONE", "BARE", "UNKNOWN"):
        assert own.sense(Coding(system=LOCAL, code=code)).classes == frozenset()


def test_a_sites_own_map_may_translate_to_a_category(tmp_path: Path) -> None:
    element = [{"code": "T-1C", "target": [{"code": "cT1c"}]}]
    own = own_map(tmp_path, target="http://cancerstaging.org", element=element)

    assert own.sense(Coding(system=LOCAL, code="T-1C")) == (frozenset(), "cT1c", True)


def test_a_map_to_a_system_that_is_not_read_means_nothing(tmp_path: Path) -> None:
    own = own_map(tmp_path, target="http://elsewhere.example")

    assert own.sense(Coding(system=LOCAL, code="IORT-E")).classes == frozenset()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "own.json: not readable as JSON"),
        (b'{"resourceType": "ValueSet"}', "own.json: no usable ConceptMap"),
        (b'{"resourceType": "ConceptMap", "group": [{"target": "x"}]}', "field `source`"),
        (b'{"resourceType": "ConceptMap", "group": [{"source": "x", "target": "y",'
         b' "element": [{}]}]}', "field `code`"),
        (b"[]", "own.json: no usable ConceptMap"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "own.json").write_bytes(content)

    with pytest.raises(TerminologyError, match=message):
        load_terminology(tmp_path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps({"resourceType": "ConceptMap"}).encode()
    )

    load_terminology(tmp_path)


def test_a_value_set_of_an_unknown_system_is_named() -> None:
    broken = {"id": "x", "compose": {"include": [{"system": "http://nowhere.example"}]}}

    with pytest.raises(TerminologyError, match="ValueSet x: unknown system"):
        Terminology([broken])
