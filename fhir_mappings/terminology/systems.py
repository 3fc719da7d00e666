"""Code systems under all the names that real records give them."""

import re
from functools import lru_cache

_NAMES: dict[str, tuple[str, ...]] = {
    "snomed": ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96"),
    "loinc": ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"),
    "icd-10-cm": (
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-10",
        "urn:oid:2.16.840.1.113883.6.90",
        "urn:oid:2.16.840.1.113883.6.3",
    ),
    "icd-10-pcs": (
        "http://www.cms.gov/medicare/coding/icd10",
        "http://hl7.org/fhir/sid/icd-10-pcs",
        "urn:oid:2.16.840.1.113883.6.4",
    ),
    # HCPCS level I is CPT, so a CPT code may come under either name.
    "cpt": (
        "http://www.ama-assn.org/go/cpt",
        "urn:oid:2.16.840.1.113883.6.12",
        "http://www.cms.gov/medicare/coding/hcpcsreleasecodesets",
        "urn:oid:2.16.840.1.113883.6.285",
        "urn:oid:2.16.840.1.113883.6.14",
    ),
    "icd-o-3": (
        "http://terminology.hl7.org/codesystem/icd-o-3",
        "http://hl7.org/fhir/sid/icd-o-3",
        "urn:oid:2.16.840.1.113883.6.43.1",
    ),
    "ajcc": ("http://cancerstaging.org", "http://www.cancerstaging.org"),
    "ncit": (
        "http://ncicb.nci.nih.gov/xml/owl/evs/thesaurus.owl",
        "urn:oid:2.16.840.1.113883.3.26.1.1",
    ),
    "cap": ("urn:oid:2.16.840.1.113883.6.358",),
}
_BY_NAME = {name: system for system, names in _NAMES.items() for name in names}

# What a code looks like when its system was left out.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("cpt", re.compile(r"\d{5}$|\d{4}T$|[A-Z]\d{4}$")),
    ("icd-10-cm", re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?$")),
    ("loinc", re.compile(r"\d{1,7}-\d$|L[AP]\d+-\d$")),
    ("snomed", re.compile(r"\d{6,18}$")),
    ("icd-10-pcs", re.compile(r"[0-9A-HJ-NP-Z]{7}$")),
    ("icd-o-3", re.compile(r"\d{4}/\d$")),
)
_UNDOTTED = re.compile(r"([A-Z]\d[0-9A-Z])([0-9A-Z]{1,4})$")


@lru_cache(maxsize=1024)
def system_key(system: str | None) -> str | None:
    """Return our short name of a code system, None where it is not one that is read."""
    if not system:
        return None
    name = system.strip().rstrip("/").lower().replace("https://", "http://", 1)
    return _BY_NAME.get(name)


def plausible_systems(code: str) -> list[str]:
    """Return the systems that a code without a system may belong to, by its shape."""
    shape = code.strip().upper()
    return [system for system, pattern in _SHAPES if pattern.match(shape)]


def normal_code(system: str, code: str) -> str:
    """Return a code as the value sets write it: trimmed, upper case, ICD-10-CM with its dot."""
    code = code.strip()
    if system in ("ajcc", "ncit", "cap"):
        return code
    code = code.upper()
    if system == "icd-10-cm":
        match = _UNDOTTED.match(code)
        return f"{match[1]}.{match[2]}" if match else code
    return code
