"""Observations: each result goes to the reader that its question belongs to."""

from collections.abc import Iterator

from msgspec.structs import replace

from fhir_mappings.dates import Span
from fhir_mappings.facts import Category
from fhir_mappings.findings import Finding, Origin, Reading, notes_of
from fhir_mappings.readers import margins, staging, tumor_results
from fhir_mappings.readers.results import Result, observation_links, origin_of, questions, results
from fhir_mappings.readers.sites import named
from fhir_mappings.readers.statements import read_statements
from fhir_mappings.record import Entry
from fhir_mappings.resources import Observation

_NOTHING_HERE = ("obs-m", "obs-size-other", "obs-disease-status")


def read_observations(reading: Reading, ordered: Span | None) -> Iterator[Finding]:
    """Read all Observations of a record.

    Args:
        reading: the record.
        ordered: the day of the order.
    """
    links = observation_links(reading)
    found: list[Finding] = []
    for entry, observation in reading.record.of_type(Observation):
        if _cannot_matter(reading, observation):
            continue
        relevant = [one for one in results(reading, observation) if _relevant(reading, one)]
        if not relevant and not observation.note:
            continue
        origin = origin_of(reading, entry, observation)
        if origin is None:
            continue
        origin = replace(origin, links=links.get(entry.key, ()))
        told = [one for r in relevant for one in _read(reading, origin, entry, r, ordered)]
        found += map(_at_recurrence, told) if _says_r(reading, relevant) else told
        for path, text in notes_of(observation.note):
            found += read_statements(origin, path, text, ordered=ordered)
    yield from margins.merge_margins(found)


def _says_r(reading: Reading, results: list[Result]) -> bool:
    """Tell whether a component carries the r symbol: a stage found at recurrence."""
    return any(
        sense.literal == "r" for one in results for _, _, sense in reading.senses(one.concept)
    )


def _at_recurrence(finding: Finding) -> Finding:
    if isinstance(finding.fact, Category):
        return replace(finding, fact=replace(finding.fact, phase="recurrence"))
    return finding


def _cannot_matter(reading: Reading, observation: Observation) -> bool:
    """Sort out at once the Observations that ask for nothing of ours and state no words."""
    code = observation.code
    if observation.component or observation.note or observation.value_string:
        return False
    if reading.terminology.classes(code) or (
        code is not None and code.text and questions(code.text)
    ):
        return False
    value = observation.value_codeable_concept
    return value is None or not (value.text or any(True for _ in reading.senses(value)))


def _relevant(reading: Reading, result: Result) -> bool:
    """Sort out at once what cannot matter: most Observations."""
    if result.classes or result.questions or result.text:
        return True
    concept = result.concept
    if concept is None:
        return False
    return bool(concept.text) or any(True for _ in reading.senses(concept))


def _read(
    reading: Reading, origin: Origin, entry: Entry, result: Result, ordered: Span | None
) -> Iterator[Finding]:
    classes = result.classes
    if not classes.isdisjoint(_NOTHING_HERE):
        return
    sites = named(classes, "bodysite-") | named(classes, "organ-")
    if sites:
        origin = replace(origin, organs=origin.organs | sites)
    if margins.asks_for_margin(result):
        yield from margins.read_result(reading, origin, result, ordered)
    elif "obs-stage-group" in classes:
        observation = entry.resource
        assert isinstance(observation, Observation)
        old = "edition-before-8" in reading.terminology.classes(observation.method)
        yield from staging.read_stage_group(origin, result, before_eighth=old)
    elif "obs-size" in classes or "size" in result.questions:
        yield from tumor_results.read_size(origin, result)
    elif "obs-nodes-positive" in classes:
        yield from tumor_results.read_nodes(origin, result)
    elif "obs-recurrence" in classes or "recurrence" in result.questions:
        yield from tumor_results.read_recurrence(reading, origin, result)
        yield from _statements(origin, result, ordered, without="recurrence")
    elif "risk" in result.questions:
        yield from tumor_results.read_risk(reading, origin, result)
    elif staging.asks_for(result) is not None:
        yield from staging.read_category(reading, origin, result)
    elif (
        not classes.isdisjoint({"obs-histology", "obs-invasion"}) or "histology" in result.questions
    ):
        yield from tumor_results.read_histology(reading, origin, result)
    else:
        yield from _unasked(reading, origin, result, ordered)


def _unasked(
    reading: Reading, origin: Origin, result: Result, ordered: Span | None
) -> Iterator[Finding]:
    """Read a result whose code is none of ours: its value may speak for itself."""
    yield from staging.read_category(reading, origin, result)
    yield from tumor_results.read_histology(reading, origin, result)
    for number, coding, sense in reading.senses(result.concept):
        extent = tumor_results.coded_extent(sense.classes)
        path = f"{result.value_path}.coding[{number}]"
        if extent is not None:
            evidence = origin.evidence(path, coding.display or coding.code or "")
            there = replace(origin, organs=origin.organs | named(sense.classes, "organ-"))
            yield tumor_results.recurrence(there, evidence, extent, "result")
    yield from margins.read_values(reading, origin, result, ordered)
    yield from _statements(origin, result, ordered)


def _statements(
    origin: Origin, result: Result, ordered: Span | None, *, without: str = ""
) -> Iterator[Finding]:
    context = (result.code.text if result.code else None) or ""
    for path, text in result.texts:
        for finding in read_statements(origin, path, text, ordered=ordered, context=context):
            if finding.kind != without:
                yield finding
