"""The kinds of facts. A field with a `Literal` type may be tested by a guideline's rules."""

from typing import Literal

from fhir_mappings.facts.base import Fact
from fhir_mappings.facts.vocabulary import Behaviour, Disease, Organ
from fhir_mappings.tnm import Axis, Basis, Phase, Stem


class Service(Fact, frozen=True, kw_only=True):
    """What the order asks for."""

    kind: Literal["iort", "hdr-iort", "companion", "other", "not-to-be-done"]


class Fractions(Fact, frozen=True, kw_only=True):
    """How many fractions are ordered."""

    count: float


class Setting(Fact, frozen=True, kw_only=True):
    """Where the radiation is to be given."""

    place: Literal["during-surgery", "outside-surgery"]


class Modality(Fact, frozen=True, kw_only=True):
    """The kind of radiation that is ordered."""

    kind: Literal["electrons", "x-ray", "photons", "electronic-brachytherapy", "hdr-brachytherapy"]
    stated: Literal["code", "detail"]


class Intent(Fact, frozen=True, kw_only=True):
    """Whether the radiation is a boost or all there is."""

    purpose: Literal["boost", "sole"]


class Age(Fact, frozen=True, kw_only=True):
    """Age in whole years, as an interval, on the day of service and on the day of the order.

    Attributes:
        planned: whether the order states a day of service.
    """

    day: Literal["service", "order"]
    planned: bool
    youngest: int
    oldest: int


class Diagnosis(Fact, frozen=True, kw_only=True):
    """A diagnosis of the target tumor.

    Attributes:
        coded: whether a code says so, and not only words.
    """

    organs: frozenset[Organ]
    behaviours: frozenset[Behaviour]
    diseases: frozenset[Disease]
    coded: bool


class TheTumor(Fact, frozen=True, kw_only=True):
    """That there is a tumor which the order is for, however firm its diagnosis is."""


class Histology(Fact, frozen=True, kw_only=True):
    """What the microscope said."""

    behaviours: frozenset[Behaviour]
    diseases: frozenset[Disease]


class Category(Fact, frozen=True, kw_only=True):
    """A T or N category."""

    axis: Axis
    stem: Stem
    detail: str
    basis: Basis
    phase: Phase

    def series(self) -> tuple[object, ...]:
        """Clinical and pathological categories, before and after treatment, stand side by side."""
        return (self.axis, self.basis == "pathological", self.phase)


class TumorSize(Fact, frozen=True, kw_only=True):
    """Largest dimension of the tumor in mm, as an interval."""

    smallest: float
    largest: float


class NodeMetastasis(Fact, frozen=True, kw_only=True):
    """An active diagnosis of metastasis in the regional nodes of the breast."""

    region: Literal["axillary"]


class Margin(Fact, frozen=True, kw_only=True):
    """A surgical margin: of a specimen, of a frozen section, or expected before surgery.

    Attributes:
        distance_from: lower bound of the distance to the tumor in mm, None where not stated.
        distance_to: upper bound of it.
        before_order: whether the result is older than the order.
        invasive_only: whether it speaks of the invasive part only.
    """

    status: Literal["involved", "uninvolved", "close", "indeterminate", "not-assessable"]
    basis: Literal["final", "frozen", "expected"]
    distance_from: float | None = None
    distance_to: float | None = None
    before_order: bool = False
    invasive_only: bool = False

    def series(self) -> tuple[object, ...]:
        """A later margin of the same kind replaces an earlier one: the latest excision counts."""
        return (self.basis,)


class Recurrence(Fact, frozen=True, kw_only=True):
    """A statement about recurrence.

    Attributes:
        stated: by a clinical status, by a diagnosis or by a result.
    """

    extent: Literal["local", "regional", "distant", "unspecified", "none"]
    stated: Literal["status", "diagnosis", "result"]

    def series(self) -> tuple[object, ...]:
        """A later statement of the same weight replaces an earlier one."""
        return (self.rank,)


class Course(Fact, frozen=True, kw_only=True):
    """The clinical status of the target's diagnosis, as of the day it was recorded."""

    status: Literal["active", "recurrence", "relapse", "remission", "resolved", "inactive"]


class Episode(Fact, frozen=True, kw_only=True):
    """How long the target is known, and whether it was treated before.

    Attributes:
        days_known: most days since the first diagnosis.
    """

    days_known: int
    earlier_treatment: bool


class Zone(Fact, frozen=True, kw_only=True):
    """Where in the pelvis the recurrence lies."""

    place: Literal["central", "sidewall", "para-aortic", "distant"]


class Radiation(Fact, frozen=True, kw_only=True):
    """Radiation that was given, is planned, or was never given.

    Attributes:
        covers: whether it was given to the region of the target.
        timing: before the recurrence of the target, or within this episode.
        other_cancer: whether another cancer on file could explain it.
    """

    state: Literal["given", "planned", "never"]
    covers: Literal["target", "elsewhere", "unspecified"]
    technique: Literal["external-beam", "intraoperative", "other"]
    timing: Literal["earlier", "this-episode"]
    other_cancer: bool


class Surgery(Fact, frozen=True, kw_only=True):
    """Tumor surgery, planned or done."""

    state: Literal["planned", "done"]
    pancreatectomy: bool


class Resectability(Fact, frozen=True, kw_only=True):
    """What is said about removing the tumor."""

    verdict: Literal["planned", "unresectable", "bypass", "borderline"]


class Risk(Fact, frozen=True, kw_only=True):
    """A clinician's statement about the risk of recurrence."""

    level: Literal["high", "low"]


class Perforation(Fact, frozen=True, kw_only=True):
    """Perforation or penetration by the tumor."""

    present: bool


class SystemicTherapy(Fact, frozen=True, kw_only=True):
    """Systemic therapy given before surgery."""

    timing: Literal["neoadjuvant"]


class Document(Fact, frozen=True, kw_only=True):
    """A document that exists; what it says was not read."""

    content: Literal["visit-note", "pathology", "imaging"]


class NotUnderstood(Fact, frozen=True, kw_only=True):
    """A result that is there and whose value is none of ours."""

    about: Literal["T", "N", "margin", "size", "histology", "recurrence"]


FACTS: dict[str, type[Fact]] = {
    "service": Service,
    "fractions": Fractions,
    "setting": Setting,
    "modality": Modality,
    "intent": Intent,
    "age": Age,
    "diagnosis": Diagnosis,
    "tumor": TheTumor,
    "histology": Histology,
    "category": Category,
    "tumor-size": TumorSize,
    "node-metastasis": NodeMetastasis,
    "margin": Margin,
    "recurrence": Recurrence,
    "course": Course,
    "episode": Episode,
    "zone": Zone,
    "radiation": Radiation,
    "surgery": Surgery,
    "resectability": Resectability,
    "risk": Risk,
    "perforation": Perforation,
    "systemic-therapy": SystemicTherapy,
    "document": Document,
    "not-understood": NotUnderstood,
}
