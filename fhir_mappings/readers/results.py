"""Observations taken apart: what each asks, and the value it gives."""

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from fhir_mappings.decode import read_concepts
from fhir_mappings.elements import CodeableConcept, Quantity
from fhir_mappings.findings import Origin, Reading, date_of, result_standing
from fhir_mappings.readers.sites import body_sites
from fhir_mappings.record import Entry
from fhir_mappings.resources import Component, Condition, Observation, Specimen
from fhir_mappings.terminology.lexicon import mentions

_ASKS = re.compile(
    r"margin|tumou?r|recur|relaps|stage|categor|nod|histol|morphol|residual|risk|\b[cp]?[TNR]\b",
    re.IGNORECASE,
)
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_POSITIVE, _NEGATIVE = ("POS", "DET", "A"), ("NEG", "ND", "N")


class Result(Struct, frozen=True, kw_only=True):
    """A question and its value, of an Observation or of one of its components.

    Attributes:
        value_path: FHIRPath of the value within the resource.
        classes: what the code is for.
        questions: what a text-only code asks for.
        present: a value that says yes or no, by a boolean or an interpretation.
        absent: whether it says why there is no value.
    """

    value_path: str
    code: CodeableConcept | None
    classes: frozenset[str]
    questions: frozenset[str]
    concept: CodeableConcept | None
    quantity: Quantity | None
    text: str | None
    present: bool | None
    absent: bool

    @property
    def texts(self) -> list[tuple[str, str]]:
        """The texts of the value, with their FHIRPath."""
        found = []
        if self.concept is not None and self.concept.text:
            found.append((f"{self.value_path}.text", self.concept.text))
        if self.text:
            found.append((self.value_path, self.text))
        return found

    @property
    def has_value(self) -> bool:
        """Whether there is any value."""
        if self.concept is not None and (self.concept.coding or self.concept.text):
            return True
        return bool(self.text or self.quantity or self.present is not None)


def results(reading: Reading, observation: Observation) -> Iterator[Result]:
    """Yield the result of an Observation and those of its components."""
    flags = [
        coding.code
        for concept in read_concepts(observation.interpretation)
        for coding in concept.coding or ()
    ]
    yield _result(reading, observation, "", flags)
    for number, component in enumerate(observation.component or ()):
        yield _result(reading, component, f"component[{number}].", [])


def origin_of(reading: Reading, entry: Entry, observation: Observation) -> Origin | None:
    """Return where the facts of an Observation come from; None if its status forbids any use."""
    standing = result_standing(observation.status)
    if standing is None:
        return None
    specimen = reading.record.find(observation.specimen, entry.key)
    sample = specimen.resource if specimen and isinstance(specimen.resource, Specimen) else None
    sites = [
        observation.body_site,
        sample.collection.body_site if sample and sample.collection else None,
    ]
    organs, side, _ = body_sites(reading.terminology, sites)
    return Origin(
        entry=entry,
        rank="clinical-staging",
        date=date_of(
            observation.effective_date_time or observation.effective_instant,
            observation.effective_period,
            observation.effective_timing,
        ),
        standing=standing,
        partial=reading.record.partial(entry),
        corrected=observation.status in ("corrected", "amended"),
        organs=organs,
        side=side,
    )


def observation_links(reading: Reading) -> dict[str, tuple[str, ...]]:
    """Return the Conditions that each Observation is explicitly about.

    By its focus, by being a stage's assessment, or by being a member of such an Observation.
    """
    links: dict[str, set[str]] = {}
    record = reading.record
    for entry, observation in record.of_type(Observation):
        if not observation.focus:
            continue
        for found in [record.find(one, entry.key) for one in observation.focus]:
            if found is not None and isinstance(found.resource, Condition):
                links.setdefault(entry.key, set()).add(found.key)
    for entry, condition in record.of_type(Condition):
        for stage in condition.stage or ():
            for reference in stage.assessment or ():
                found = record.find(reference, entry.key)
                if found is not None:
                    links.setdefault(found.key, set()).add(entry.key)
    _pass_on(reading, links)
    return {key: tuple(sorted(conditions)) for key, conditions in links.items()}


def _pass_on(reading: Reading, links: dict[str, set[str]]) -> None:
    """Members of a panel are about what the panel is about; panels may nest."""
    parents = [
        (entry, observation)
        for entry, observation in reading.record.of_type(Observation)
        if observation.has_member
    ]
    for _ in range(3 if parents else 0):
        for entry, parent in parents:
            for reference in parent.has_member or ():
                member = reading.record.find(reference, entry.key)
                if member is not None and entry.key in links:
                    links.setdefault(member.key, set()).update(links[entry.key])


def _result(
    reading: Reading, element: Observation | Component, path: str, flags: list[str | None]
) -> Result:
    concept = element.value_codeable_concept
    given = any(coding.system == _ABSENT for coding in (concept.coding if concept else None) or ())
    code = element.code
    return Result(
        value_path=f"{path}value",
        code=code,
        classes=reading.terminology.classes(code),
        questions=questions(code.text) if code is not None and code.text else frozenset(),
        concept=concept,
        quantity=element.value_quantity,
        text=element.value_string,
        present=_present(element, flags),
        absent=given or element.data_absent_reason is not None,
    )


def bare_result(
    path: str, concept: CodeableConcept, classes: frozenset[str] = frozenset()
) -> Result:
    """Return a concept that stands outside an Observation, as a result."""
    return Result(
        value_path=path,
        code=None,
        classes=classes,
        questions=frozenset(),
        concept=concept,
        quantity=None,
        text=None,
        present=None,
        absent=False,
    )


def _present(element: Observation | Component, flags: list[str | None]) -> bool | None:
    if element.value_boolean is not None:
        return element.value_boolean
    if any(flag in _POSITIVE for flag in flags):
        return True
    return False if any(flag in _NEGATIVE for flag in flags) else None


@lru_cache(maxsize=4096)
def questions(text: str) -> frozenset[str]:
    """Return what a code's text asks for, such as ``margin`` or ``risk``."""
    if _ASKS.search(text) is None:
        return frozenset()
    found = {one.meaning for one in mentions("question", text)}
    if mentions("recurrence-risk-question", text):
        found = {"risk"}
    return frozenset(found)
