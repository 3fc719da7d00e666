"""Validation of cited resources by `fhir.resources` (R4B models), outside the request path."""

from collections.abc import Iterable, Iterator

import msgspec
from fhir.resources.R4B import get_fhir_model_class
from msgspec import Raw
from pydantic import ValidationError

from cds_service.answer.assessed import Assessed
from fhir_mappings.decode import UNREADABLE
from fhir_mappings.record import Pool


def invalid_evidence(assessed: Iterable[Assessed], pool: Pool) -> Iterator[str]:
    """Say of each cited resource that is not valid FHIR what is wrong with it.

    Names elements, never values. What is reported is not dropped: the answer stays as it is.
    """
    cited = {
        evidence.reference: None
        for one in assessed
        for criterion in one.assessment.criteria
        for evidence in criterion.evidence
    }
    for reference in cited:
        entry = pool.entries.get(reference)
        if entry is None or entry.raw is None:
            continue
        for problem in _problems(type(entry.resource).__name__, entry.raw):
            yield f"{reference} is not valid FHIR: {problem}"


def _problems(kind: str, raw: Raw) -> Iterator[str]:
    try:
        get_fhir_model_class(kind).model_validate(msgspec.json.decode(raw))
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            member = ".".join(map(str, one["loc"]))
            yield f"{member}: {one['msg']}"
    except UNREADABLE:
        yield "not readable as JSON"
    except KeyError:  # what the models raise for a contained resource of no FHIR type
        yield "contained: a resource of an unknown type"
