"""What must not leave the process in a log or a trace: ids of patients, tokens, queries of URLs."""

import re
import traceback
from typing import Final
from urllib.parse import urlsplit

_FRAMES: Final = 12
_CAUSES: Final = 4
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


def place_of(error: BaseException) -> str:
    """Name the type of an exception and where it came from, never its message.

    Messages quote what they complain about, and here that is a patient's record.
    """
    named: list[str] = []
    one = error
    while len(named) < _CAUSES:
        frames = traceback.extract_tb(one.__traceback__)[-_FRAMES:]
        places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        named.append(f"{type(one).__name__} in {places}" if places else type(one).__name__)
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if cause is None:
            break
        one = cause
    return ", from ".join(named)


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
