"""What must not leave the process in a log or a trace: ids of patients, tokens, queries of URLs."""

import re
from typing import Final
from urllib.parse import urlsplit

# The resources that are asked for, and those that stand for people; a word that is none of them
# may be an id.
_TYPES: Final = (
    "AllergyIntolerance|Appointment|CarePlan|CapabilityStatement|Claim|Communication|Condition|"
    "Consent|Coverage|DeviceRequest|DiagnosticReport|DocumentReference|Encounter|EpisodeOfCare|"
    "ExplanationOfBenefit|Group|ImagingStudy|Location|Media|MedicationRequest|"
    "MedicationStatement|Observation|Organization|Patient|Person|Practitioner|PractitionerRole|"
    "Procedure|QuestionnaireResponse|RelatedPerson|ServiceRequest|Specimen|Task"
)
_TYPE: Final = re.compile(rf"/({_TYPES})(?:/|$)")
_MASKS: Final = (
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), r"\1 …"),
    (re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}"), "…"),
    (re.compile(r"\?[^\s\"'<>]+"), "?…"),
    (re.compile(r"://[^\s/@\"'<>]+@"), "://…@"),
    (
        re.compile(
            r"\b((?:access_|id_|refresh_)?token|client_secret|client_assertion|password|"
            r"patient|subject|identifier)=[^\s&,;)]+",
            re.IGNORECASE,
        ),
        r"\1=…",
    ),
    (re.compile(rf"\b({_TYPES})/[\w.\-]+"), r"\1/…"),
)


def masked(text: str) -> str:
    """Return a text without what looks like a token, the query of a URL or the id of a resource."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text.encode("utf-8", "replace").decode()


def resource_type(path: str) -> str | None:
    """Return the type of resource that a path of a FHIR server is about."""
    found = _TYPE.search(path)
    return found.group(1) if found else None


def reduced_url(url: str) -> str:
    """Return the server and the type of resource of a URL, without anything else."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    found = resource_type(parts.path)
    return f"{parts.scheme}://{parts.hostname}{port}" + (f"/{found}" if found else "")
