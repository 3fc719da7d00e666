"""Diagnostic reports: their coded conclusions, and the text of the conclusion."""

from collections.abc import Iterator

from fhir_mappings.dates import Span
from fhir_mappings.findings import Finding, Origin, Reading, date_of, result_standing
from fhir_mappings.readers.margins import read_values
from fhir_mappings.readers.results import bare_result
from fhir_mappings.readers.sites import body_sites
from fhir_mappings.readers.staging import read_category
from fhir_mappings.readers.statements import read_statements
from fhir_mappings.readers.tumor_results import concept_histology
from fhir_mappings.resources import DiagnosticReport, Specimen


def read_reports(reading: Reading, ordered: Span | None) -> Iterator[Finding]:
    """Read what reports conclude."""
    for entry, report in reading.record.of_type(DiagnosticReport):
        standing = result_standing(report.status)
        if standing is None:
            continue
        samples = [reading.record.find(one, entry.key) for one in report.specimen or ()]
        sites = [
            sample.resource.collection.body_site
            for sample in samples
            if sample is not None
            and isinstance(sample.resource, Specimen)
            and sample.resource.collection is not None
        ]
        organs, side, _ = body_sites(reading.terminology, sites)
        origin = Origin(
            entry=entry,
            rank="clinical-staging",
            date=date_of(report.effective_date_time or None, report.effective_period)
            or report.issued,
            standing=standing,
            partial=reading.record.partial(entry),
            corrected=report.status in ("corrected", "amended"),
            organs=organs,
            side=side,
        )
        yield from _conclusions(reading, origin, report, ordered)


def _conclusions(
    reading: Reading, origin: Origin, report: DiagnosticReport, ordered: Span | None
) -> Iterator[Finding]:
    classes = reading.terminology.classes(report.code) & {"obs-frozen-section"}
    for number, concept in enumerate(report.conclusion_code or ()):
        path = f"conclusionCode[{number}]"
        yield from concept_histology(reading, origin, concept, path)
        result = bare_result(path, concept, classes)
        yield from read_values(reading, origin, result, ordered)
        yield from read_category(reading, origin, result)
    if report.conclusion:
        context = (report.code.text if report.code else None) or ""
        if "obs-frozen-section" in classes:
            context += ". Frozen section"
        yield from read_statements(
            origin, "conclusion", report.conclusion, ordered=ordered, context=context
        )
