"""What an order says: the service, its details, and what its texts state."""

from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec.structs import replace

from fhir_mappings.elements import CodeableConcept, Coding
from fhir_mappings.facts import (
    Fact,
    Fractions,
    Intent,
    Modality,
    Radiation,
    Service,
    Setting,
)
from fhir_mappings.findings import Finding, Origin, notes_of, show
from fhir_mappings.orders import Order
from fhir_mappings.readers.sites import extension_classes
from fhir_mappings.readers.statements import read_statements
from fhir_mappings.terminology import Terminology
from fhir_mappings.terminology.lexicon import mentions, said
from fhir_mappings.terminology.systems import plausible_systems, system_key

Kind = Literal["iort", "hdr-iort", "companion", "other", "not-to-be-done"]
ModalityKind = Literal[
    "electrons", "x-ray", "photons", "electronic-brachytherapy", "hdr-brachytherapy"
]
_Named = tuple[Kind, str, str, bool]  # with path, value, and whether it was read from text
_MODALITIES: Final[tuple[ModalityKind, ...]] = (
    "electrons",
    "x-ray",
    "photons",
    "electronic-brachytherapy",
    "hdr-brachytherapy",
)
_LISTED: Final = ("77424", "77425")


class OrderReader:
    """Reads the facts of one order."""

    def __init__(self, terminology: Terminology, order: Order) -> None:
        self._terminology = terminology
        self._order = order
        self._request = order.request
        self._origin = Origin(
            entry=order.entry, rank="billing-code", date=order.request.authored_on
        )
        self._code = order.request.code or CodeableConcept()
        self._details = extension_classes(terminology, order.request.extension)
        for concept in order.request.order_detail or ():
            self._details |= terminology.classes(concept)

    def service(self) -> Finding:
        """Tell what is ordered; the first thing to know, before any record is read."""
        kind, path, shown, text = self._kind()
        evidence = self._origin.evidence(path, shown, text=text)
        return self._finding("service", Service(**self._origin.shared(evidence), kind=kind))

    def findings(self) -> Iterator[Finding]:
        """Yield all facts that the order states about itself and its target."""
        service = self.service()
        yield service
        yield from self._fractions(service.fact)
        yield from self._modalities()
        during = Setting(**self._given(service.fact), place="during-surgery")
        yield self._finding("setting", during)
        for path, text in self._texts():
            yield from self._stated(path, text)

    def _kind(self) -> _Named:
        if self._request.do_not_perform:
            return "not-to-be-done", "doNotPerform", "true", False
        found = self._coded()
        if found is not None:
            return found
        for path, text in [*self._labels(), *self._details_texts()]:
            meanings = said("order", text)
            if "iort" in meanings and "companion" not in meanings:
                hdr = "hdr-brachytherapy" in said("modality", text)
                return "hdr-iort" if hdr else "iort", path, text, True
        if "technique-intraoperative" in self._details:
            return self._by_technique("iort"), "extension", "intraoperative technique", False
        return "other", "code", show(self._code) or "no code", False

    def _coded(self) -> _Named | None:
        companion: _Named | None = None
        other: _Named | None = None
        for number, coding in enumerate(self._code.coding or ()):
            classes = self._terminology.sense(coding).classes
            path, shown = f"code.coding[{number}]", show(None, coding)
            if "order-iort" in classes:
                listed = (coding.code or "").strip() in _LISTED
                return "iort" if listed else self._by_technique("iort"), path, shown, False
            if "order-iort-companion" in classes:
                companion = ("companion", path, shown, False)
            elif _is_known(coding):
                other = ("other", path, shown, False)
        if "technique-intraoperative" in self._details:
            return None
        return companion or other

    def _by_technique(self, kind: Kind) -> Kind:
        """An order coded as IORT in general is brachytherapy where its modality says so."""
        return "hdr-iort" if "modality-hdr-brachytherapy" in self._details else kind

    def _fractions(self, service: Fact) -> Iterator[Finding]:
        request = self._request
        repeat = request.occurrence_timing.repeat if request.occurrence_timing else None
        ratio, range_ = request.quantity_ratio, request.quantity_range
        stated = [
            ("quantity.value", request.quantity_quantity and request.quantity_quantity.value),
            ("quantity.numerator.value", ratio and ratio.numerator and ratio.numerator.value),
            ("quantity.high.value", range_ and range_.high and range_.high.value),
            ("occurrence.repeat.count", repeat and (repeat.count_max or repeat.count)),
        ]
        found = False
        for path, count in stated:
            if count:
                found = True
                evidence = self._origin.evidence(path, f"{count:g}")
                yield self._finding(
                    "fractions", Fractions(**self._origin.shared(evidence), count=count)
                )
        if not found:
            # The codes are for a single session, and nothing is said to the contrary.
            yield self._finding("fractions", Fractions(**self._given(service), count=1))

    def _modalities(self) -> Iterator[Finding]:
        codings = self._code.coding or ()
        coded = False
        for number, coding in enumerate(codings):
            classes = self._terminology.sense(coding).classes
            for kind in _MODALITIES:
                if f"modality-{kind}" in classes:
                    coded = True
                    evidence = self._origin.evidence(f"code.coding[{number}]", show(None, coding))
                    fact = Modality(**self._origin.shared(evidence), kind=kind, stated="code")
                    yield self._finding("modality", fact)
        for kind in _MODALITIES:
            if f"modality-{kind}" in self._details:
                evidence = self._origin.evidence("extension", kind)
                fact = Modality(**self._origin.shared(evidence), kind=kind, stated="detail")
                yield self._finding("modality", fact)
        for path, text in self._texts():
            named = said("modality", text)
            for kind in _MODALITIES:
                if kind in named:
                    evidence = self._origin.evidence(path, text, text=True)
                    first = path.startswith("code") and not coded
                    fact = Modality(
                        **self._origin.shared(evidence),
                        kind=kind,
                        stated="code" if first else "detail",
                    )
                    yield self._finding("modality", fact)

    def _stated(self, path: str, text: str) -> Iterator[Finding]:
        said_by = replace(self._origin, rank="free-text")
        evidence = said_by.evidence(path, text, text=True)
        purposes = said("intent", text)
        for purpose in ("sole", "boost"):
            if purpose in purposes:
                intent = Intent(**said_by.shared(evidence), purpose=purpose)
                yield self._finding("intent", intent)
                break
        if "outside-surgery" in said("setting", text):
            setting = Setting(**said_by.shared(evidence), place="outside-surgery")
            yield self._finding("setting", setting)
        if path.startswith("code"):
            return
        for finding in read_statements(said_by, path, text, ordered=self._order.ordered):
            fact = finding.fact
            external = isinstance(fact, Radiation) and fact.technique == "external-beam"
            if external and not mentions("earlier", text):
                # What the order says of external beam is about this episode.
                fact = replace(fact, covers="target", timing="this-episode")
            yield replace(finding, fact=fact)

    def _given(self, service: Fact) -> dict[str, Any]:
        """Return what a fact shares that follows from the order's code itself."""
        return self._origin.shared(service.evidence[0])

    def _finding(self, kind: str, fact: Fact) -> Finding:
        return Finding(kind=kind, fact=fact)

    def _labels(self) -> list[tuple[str, str]]:
        found = [
            (f"code.coding[{number}].display", coding.display)
            for number, coding in enumerate(self._code.coding or ())
            if coding.display
        ]
        return [("code.text", self._code.text), *found] if self._code.text else found

    def _details_texts(self) -> list[tuple[str, str]]:
        return [
            (f"orderDetail[{number}].text", concept.text)
            for number, concept in enumerate(self._request.order_detail or ())
            if concept.text
        ]

    def _texts(self) -> list[tuple[str, str]]:
        labels = [("code.text", self._code.text)] if self._code.text else []
        labels += [
            (f"code.coding[{number}].display", coding.display)
            for number, coding in enumerate(self._code.coding or ())
            if coding.display and not _is_known(coding)
        ]
        return [*labels, *self._details_texts(), *notes_of(self._request.note)]


def _is_known(coding: Coding) -> bool:
    """Tell whether a coding is a real code of a system that is read, and so names its service."""
    system = system_key(coding.system)
    return system is not None and system in plausible_systems(coding.code or "")
