"""TNM as clinicians write it, and what only looks like it."""

import pytest

from fhir_mappings.tnm import Axis, find_in_text, parse_code


@pytest.mark.parametrize(
    ("text", "axis", "expected"),
    [
        ("cT1c", "T", "cT1c"),
        ("T1b category (finding)", "T", "T1b"),
        ("AJCC pT2", "T", "pT2"),
        ("Tis(DCIS)", "T", "Tis(DCIS)"),
        ("pTis (Paget)", "T", "pTis(Paget)"),
        ("T1mic", "T", "T1mi"),
        ("pT1(m)", "T", "pT1"),
        ("ypT1c", "T", "ypT1c"),
        ("rpT4b", "T", "rpT4b"),
        ("TX", "T", "TX"),
        ("cN0", "N", "cN0"),
        ("pN0(i+)", "N", "pN0(i+)"),
        ("pN0 (mol+)", "N", "pN0(mol+)"),
        ("pN0(sn)", "N", "pN0"),
        ("pN1mi", "N", "pN1mi"),
        ("cM0", "N", None),
        ("cT1c", "N", None),
        ("T9", "T", None),
        ("aT1", "T", None),
        ("stage IA", "T", None),
    ],
)
def test_a_field_for_a_category_is_read_as_one(text: str, axis: Axis, expected: str | None) -> None:
    found = parse_code(text, axis)

    assert (found.text if found else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Staged as cT1c cN0 M0.", ["cT1c", "cN0"]),
        ("T1c, N0", ["T1c", "N0"]),
        ("pT1b N0(i+)", ["pT1b", "pN0(i+)"]),
        ("Tis(DCIS)", ["Tis(DCIS)"]),
        ("cN1 in the axilla", ["cN1"]),
        ("T1-weighted MRI", []),
        ("T1 hyperintense lesion", []),
        ("T12 vertebra", []),
        ("L4-T1", []),
        ("N/A", []),
        ("T1", []),
        ("n0", []),
        ("BRCT1c", []),
    ],
)
def test_free_text_is_read_only_beyond_doubt(text: str, expected: list[str]) -> None:
    assert [one.text for one in find_in_text(text)] == expected
