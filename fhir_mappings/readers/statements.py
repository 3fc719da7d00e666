"""What free text states: a small closed lexicon, always marked as read from text."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from msgspec.structs import replace

from fhir_mappings.dates import Span
from fhir_mappings.facts import (
    Perforation,
    Radiation,
    Resectability,
    SystemicTherapy,
    Zone,
)
from fhir_mappings.findings import Finding, Origin
from fhir_mappings.margin_forecast import read_forecast
from fhir_mappings.margin_text import MarginText, read_margin
from fhir_mappings.readers.margins import margin_finding
from fhir_mappings.readers.sites import is_pelvic
from fhir_mappings.readers.staging import read_text
from fhir_mappings.readers.tumor_results import Extent, recurrence, risk
from fhir_mappings.terminology.lexicon import mentions, said

# Without one of these words no phrase of the lexicon can match; most texts end here.
_ANY = re.compile(
    r"recur|relaps|central|vault|cuff|apex|wall|aort|perforat|penetrat|resect|operab|bypass|"
    r"jejunost|abut|margin|ink\b|CRM|MRF|\bR[012X]\b|risk|radi|RT\b|beam|adjuvant|"
    r"T(?:is|[0-4X])|N[0-3X]|removed|excis|whipple|presentation|diagnos|de novo|primary|disease",
    re.IGNORECASE,
)
_STATES: tuple[tuple[str, Literal["never", "given", "planned"]], ...] = (
    ("naive", "never"),
    ("given", "given"),
    ("planned", "planned"),
)
_WEAK_ZONE = re.compile(r"recurr|relaps|pelvi|vagin", re.IGNORECASE)


def read_statements(
    origin: Origin, path: str, text: str, *, ordered: Span | None, context: str = ""
) -> Iterator[Finding]:
    """Read every statement that the lexicon knows from a text.

    Args:
        origin: the resource that holds the text.
        path: FHIRPath of the text within the resource.
        text: the text.
        ordered: the day of the order.
        context: what the text answers, such as the text of an Observation's code.
    """
    if _ANY.search(text) is None:
        return
    said_by = replace(origin, rank="free-text")
    evidence = said_by.evidence(path, text, text=True)
    yield from read_text(said_by, path, text)
    yield from _recurrence(said_by, path, text)
    if _WEAK_ZONE.search(f"{context} {text}"):
        for place in _places(text):
            fact = Zone(**said_by.shared(evidence), place=place)
            yield said_by.finding("zone", fact)
    if said("perforation", text):
        perforated = Perforation(**said_by.shared(evidence), present=True)
        yield said_by.finding("perforation", perforated)
    for verdict in sorted(said("resectability", text)):
        fit = Resectability(**said_by.shared(evidence), verdict=verdict)
        yield said_by.finding("resectability", fit)
    for level in sorted(said("recurrence-risk", text)):
        yield risk(said_by, evidence, level)
    yield from _margins(said_by, path, text, context, ordered)
    yield from _radiation(said_by, path, text)
    if said("neoadjuvant", text):
        treated = SystemicTherapy(**said_by.shared(evidence), timing="neoadjuvant")
        yield said_by.finding("systemic-therapy", treated)


def _places(text: str) -> list[Any]:
    """Return where in the pelvis a text places the disease."""
    found = mentions("zone", text)
    places = {one.meaning for one in found if one.state == "said"}
    spared = any(one.meaning == "sidewall" and one.state == "denied" for one in found)
    if not places and spared and said("midline-organ", text):
        places = {"central"}
    return sorted(places)


def _recurrence(origin: Origin, path: str, text: str) -> Iterator[Finding]:
    # A risk of recurrence is no recurrence, and no risk is not none.
    risks = {one.clause for one in mentions("recurrence-risk-question", text)}
    found = [one for one in mentions("recurrence", text) if one.clause not in risks]
    stated = {one.meaning for one in found if one.state == "said"}
    denied = any(one.state == "denied" and one.meaning != "none" for one in found)
    extents: list[Extent] = [one for one in ("local", "regional", "distant") if one in stated] or [
        one for one in ("unspecified", "none") if one in stated
    ]
    if not extents and denied:
        extents = ["none"]
    evidence = origin.evidence(path, text, text=True)
    for extent in extents[:1]:
        yield recurrence(origin, evidence, extent, "result")


def _margins(
    origin: Origin, path: str, text: str, context: str, ordered: Span | None
) -> Iterator[Finding]:
    evidence = origin.evidence(path, text, text=True)
    forecast = read_forecast(text)
    if forecast.status is not None:
        margin = MarginText(forecast.status, None)
        yield margin_finding(origin, margin, evidence, "expected", ordered)
    found = read_margin(forecast.rest, about_margin=False)
    if found is not None:
        frozen = said("frozen-section", f"{context}. {text}")
        basis: Literal["frozen", "final"] = "frozen" if frozen else "final"
        yield margin_finding(origin, found, evidence, basis, ordered)


def _radiation(origin: Origin, path: str, text: str) -> Iterator[Finding]:
    stated = said("radiation-state", text)
    state = next((state for word, state in _STATES if word in stated), None)
    if state is None:
        return
    regions: frozenset[str] = frozenset(said("region", text))
    external = "external-beam" in said("radiation", text)
    fact = Radiation(
        **origin.shared(origin.evidence(path, text, text=True)),
        state=state,
        covers="unspecified",
        technique="external-beam" if external else "other",
        timing="earlier",
        other_cancer=False,
    )
    organs = regions | {"pelvis"} if is_pelvic(regions) else regions
    yield replace(origin.finding("radiation", fact), organs=organs)
