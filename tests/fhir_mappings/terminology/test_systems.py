"""Code systems under the names, and codes in the spellings, of real records."""

import pytest

from fhir_mappings.terminology.systems import normal_code, plausible_systems, system_key


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("http://snomed.info/sct", "snomed"),
        ("https://snomed.info/sct/", "snomed"),
        ("urn:oid:2.16.840.1.113883.6.96", "snomed"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "icd-10-cm"),
        ("urn:oid:2.16.840.1.113883.6.90", "icd-10-cm"),
        ("http://hl7.org/fhir/sid/icd-10", "icd-10-cm"),
        ("http://www.ama-assn.org/go/cpt", "cpt"),
        ("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "cpt"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "icd-10-pcs"),
        (" http://loinc.org ", "loinc"),
        ("http://hospital.example/codes", None),
        ("", None),
        (None, None),
    ],
)
def test_a_system_is_known_under_all_its_names(system: str | None, expected: str | None) -> None:
    assert system_key(system) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("77425", ["cpt"]),
        ("C9726", ["cpt", "icd-10-cm"]),
        ("C50.412", ["icd-10-cm"]),
        ("21905-5", ["loinc"]),
        ("399504009", ["snomed"]),
        ("DM003Z0", ["icd-10-pcs"]),
        ("8500/3", ["icd-o-3"]),
        ("IORT-E", []),
    ],
)
def test_a_code_without_system_is_known_by_its_shape(code: str, expected: list[str]) -> None:
    assert plausible_systems(code) == expected


def test_codes_are_written_as_the_value_sets_write_them() -> None:
    assert normal_code("icd-10-cm", " c50412 ") == "C50.412"
    assert normal_code("icd-10-cm", "C50.412") == "C50.412"
    assert normal_code("icd-10-cm", "C20") == "C20"
    assert normal_code("ajcc", " cT1c ") == "cT1c"
