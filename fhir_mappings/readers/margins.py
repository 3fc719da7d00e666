"""Surgical margins from results, reports and frozen sections."""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec.structs import replace

from fhir_mappings.dates import Span
from fhir_mappings.facts import Evidence, Margin, NotUnderstood, Rank
from fhir_mappings.findings import Finding, Origin, Reading, show
from fhir_mappings.margin_forecast import read_forecast
from fhir_mappings.margin_text import (
    Distance,
    MarginText,
    Status,
    by_distance,
    millimetres,
    read_margin,
)
from fhir_mappings.readers.results import Result
from fhir_mappings.terminology import Sense
from fhir_mappings.terminology.lexicon import mentions, said

Basis = Literal["final", "frozen", "expected"]
_NAMED: tuple[Status, ...] = ("involved", "uninvolved", "not-assessable")
_RANKS: dict[Basis, Rank] = {
    "final": "pathology",
    "frozen": "frozen-section",
    "expected": "free-text",
}


def asks_for_margin(result: Result) -> bool:
    """Tell whether an Observation's code asks for a margin."""
    if not result.classes.isdisjoint({"obs-margin", "obs-margin-distance", "obs-frozen-section"}):
        return True
    return "margin" in result.questions


def read_result(
    reading: Reading, origin: Origin, result: Result, ordered: Span | None
) -> Iterator[Finding]:
    """Read a margin result."""
    basis = basis_of(result)
    forecasts = list(_forecasts(origin, result, foretold=basis == "expected"))
    for margin, evidence in forecasts:
        yield margin_finding(origin, margin, evidence, "expected", ordered)
    found = list(_coded(reading, origin, result)) + list(_worded(origin, result))
    if basis == "expected":
        found = [one for one in found if one[0].status in ("involved", "close")]
    for margin, evidence in found[:1] if _same(found) else found:
        yield margin_finding(origin, margin, evidence, basis, ordered)
    if not found and not forecasts and result.has_value and not result.absent:
        evidence = origin.evidence(
            result.value_path, show(result.concept) or result.text or "a value"
        )
        fact = NotUnderstood(**origin.shared(evidence), about="margin")
        yield origin.finding("not-understood", fact, solid=True)


def read_values(
    reading: Reading, origin: Origin, result: Result, ordered: Span | None
) -> Iterator[Finding]:
    """Read a coded value that is a margin by itself, whatever was asked."""
    for number, coding, sense in reading.senses(result.concept):
        for status in _NAMED:
            if f"margin-{status}" in sense.classes:
                path = f"{result.value_path}.coding[{number}]"
                evidence = origin.evidence(path, show(None, coding), mapped=sense.mapped)
                margin = MarginText(status, None)
                yield margin_finding(origin, margin, evidence, basis_of(result), ordered)


def basis_of(result: Result) -> Basis:
    """Tell a forecast and a frozen section from a final result."""
    texts = [text for _, text in result.texts]
    if result.code is not None and result.code.text:
        texts.append(result.code.text)
        if any(one.meaning == "expected" for one in mentions("forecast", result.code.text)):
            return "expected"
    frozen = "obs-frozen-section" in result.classes or any(
        said("frozen-section", text) for text in texts
    )
    return "frozen" if frozen else "final"


def margin_finding(
    origin: Origin, margin: MarginText, evidence: Evidence, basis: Basis, ordered: Span | None
) -> Finding:
    """Make the finding for a margin; `ordered` tells whether the specimen was out before."""
    rank = _RANKS[basis] if evidence.rank == "clinical-staging" else evidence.rank
    weighed = replace(evidence, rank=rank)
    when = origin.when
    low, high = margin.distance if margin.distance is not None else (None, None)
    fact = Margin(
        **origin.shared(weighed),
        status=margin.status,
        basis=basis,
        distance_from=low,
        distance_to=high,
        before_order=when is not None and ordered is not None and when.before(ordered),
        invasive_only=margin.invasive_only,
    )
    return origin.finding("margin", fact, solid=True)


def merge_margins(findings: Iterable[Finding]) -> list[Finding]:
    """Put the parts of one report together.

    A report may say "uninvolved" in one element and the distance in another, or give a distance
    for each margin: the closest one counts.
    """
    merged: dict[tuple[object, ...], Finding] = {}
    others: list[Finding] = []
    for finding in findings:
        fact = finding.fact
        if not isinstance(fact, Margin) or fact.status not in ("uninvolved", "close"):
            others.append(finding)
            continue
        key = (fact.basis, fact.when, fact.standing, fact.side, fact.rank, finding.links)
        merged[key] = _merge(merged[key], finding) if key in merged else finding
    return [*others, *merged.values()]


def _merge(one: Finding, other: Finding) -> Finding:
    first, second = one.fact, other.fact
    assert isinstance(first, Margin)
    assert isinstance(second, Margin)
    known = [fact for fact in (first, second) if fact.distance_from is not None]
    closest = min(known, key=lambda fact: fact.distance_from or 0.0, default=first)
    fact = replace(
        first,
        evidence=tuple(
            sorted({*first.evidence, *second.evidence}, key=lambda e: (e.reference, e.path))
        ),
        status="close" if "close" in (first.status, second.status) else "uninvolved",
        distance_from=closest.distance_from,
        distance_to=closest.distance_to,
        partial=first.partial and second.partial,
    )
    return replace(one, fact=fact, organs=one.organs | other.organs)


def _same(found: list[tuple[MarginText, Evidence]]) -> bool:
    return len({(margin.status, margin.distance) for margin, _ in found}) == 1


def _coded(
    reading: Reading, origin: Origin, result: Result
) -> Iterator[tuple[MarginText, Evidence]]:
    for number, coding, sense in reading.senses(result.concept):
        status = _status(sense)
        if status is not None:
            path = f"{result.value_path}.coding[{number}]"
            evidence = origin.evidence(path, show(None, coding), mapped=sense.mapped)
            only = "margin-of-invasive-only" in sense.classes
            yield MarginText(status, None, only), evidence
    if result.present is not None:
        status = "involved" if result.present else "uninvolved"
        shown = "present" if result.present else "absent"
        yield MarginText(status, None), origin.evidence(result.value_path, shown)
    distance: Distance | None = millimetres(result.quantity)
    if distance is not None and result.quantity is not None:
        quantity = result.quantity
        shown = f"{quantity.comparator or ''}{quantity.value:g} {quantity.unit or quantity.code}"
        yield by_distance(distance), origin.evidence(result.value_path, shown)


def _status(sense: Sense) -> Status | None:
    for status in _NAMED:
        if f"margin-{status}" in sense.classes:
            return status
    if "value-present" in sense.classes:
        return "involved"
    return "uninvolved" if "value-absent" in sense.classes else None


def _worded(origin: Origin, result: Result) -> Iterator[tuple[MarginText, Evidence]]:
    for path, text in [*result.texts, *_displays(result)]:
        margin = read_margin(read_forecast(text, about_margin=True).rest, about_margin=True)
        if margin is not None:
            yield margin, origin.evidence(path, text, text=True)


def _forecasts(
    origin: Origin, result: Result, *, foretold: bool
) -> Iterator[tuple[MarginText, Evidence]]:
    for path, text in result.texts:
        status = read_forecast(text, about_margin=True, forecast=foretold).status
        if status is not None:
            yield MarginText(status, None), origin.evidence(path, text, text=True)


def _displays(result: Result) -> list[tuple[str, str]]:
    """Displays count where the checklist they come from writes its codes in several ways."""
    codings = (result.concept.coding if result.concept else None) or ()
    return [
        (f"{result.value_path}.coding[{number}].display", coding.display)
        for number, coding in enumerate(codings)
        if coding.display
    ]
