"""Stages recorded on the Condition itself, and its notes."""

from collections.abc import Iterator

from msgspec.structs import replace

from fhir_mappings.dates import Span
from fhir_mappings.findings import Finding, Origin, Reading, notes_of
from fhir_mappings.readers.results import bare_result
from fhir_mappings.readers.staging import read_category, read_stage_group
from fhir_mappings.readers.statements import read_statements
from fhir_mappings.resources import Condition
from fhir_mappings.tnm import find_in_text


def read_stages(
    reading: Reading, origin: Origin, condition: Condition, ordered: Span | None
) -> Iterator[Finding]:
    """Read Condition.stage and Condition.note; a stage has no date of its own."""
    undated = replace(origin, date=None)
    for number, stage in enumerate(condition.stage or ()):
        if stage.summary is None:
            continue
        result = bare_result(f"stage[{number}].summary", stage.summary)
        found = list(read_category(reading, undated, result))
        yield from found
        if found:
            continue
        old = "edition-before-8" in reading.terminology.classes(stage.type)
        texts = [text for _, text in result.texts]
        if any(find_in_text(text) for text in texts):
            for path, text in result.texts:
                yield from read_statements(undated, path, text, ordered=ordered)
        else:
            yield from read_stage_group(undated, result, before_eighth=old)
    for path, text in notes_of(condition.note):
        recorded = replace(origin, date=condition.recorded_date)
        yield from read_statements(recorded, path, text, ordered=ordered)
