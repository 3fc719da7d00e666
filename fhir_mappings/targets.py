"""Which tumor an order is for."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from fhir_mappings.elements import CodeableConcept
from fhir_mappings.facts import Evidence, Pointing, Side
from fhir_mappings.findings import Origin, Reading, show
from fhir_mappings.orders import Order
from fhir_mappings.readers.diagnoses import Tumorous, concept_tumor
from fhir_mappings.readers.sites import body_sites, named, side
from fhir_mappings.resources import Condition, Observation
from fhir_mappings.tumors import Tumor, same, same_place

_ORDER_REGIONS: Final = frozenset(("pelvis", "abdomen", "elsewhere", "other"))
_COMPLEMENTS: Final = frozenset(("secondary", "history"))


class Target(Struct, frozen=True):
    """How an order leads to its target, and the tumors it may be."""

    pointing: Pointing
    tumors: tuple[Tumor, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Diagnoses(Struct, frozen=True):
    """The diagnoses of a record, by Condition, and the tumors they make."""

    by_key: dict[str, Tumorous]
    tumors: list[Tumor]
    belongs: dict[str, list[Tumor]]


def find_target(reading: Reading, order: Order, diagnoses: Diagnoses) -> Target:
    """Find the target: by the order's reasons, else the one active cancer on file."""
    origin = Origin(entry=order.entry, rank="coded-diagnosis", date=order.request.authored_on)
    referenced, lost = _by_reference(reading, order, origin, diagnoses)
    coded = _by_code(reading, order, origin, diagnoses)
    site = _site_of(reading, order, origin)
    referenced, coded = _meant(referenced, coded)
    if referenced and coded:
        both = [tumor for tumor in referenced if any(_agree(tumor, other) for other in coded)]
        if not both:
            return Target("contradictory", (*referenced, *coded), _cite([*referenced, *coded]))
        referenced = both
    pointed = referenced or coded
    if pointed:
        return _at_site(pointed, site, "named" if len(pointed) == 1 else "several")
    if lost:
        return Target("unreadable", (), tuple(lost))
    return _inferred(diagnoses, site)


class _Site(Struct, frozen=True):
    organs: frozenset[str]
    side: Side | None
    evidence: tuple[Evidence, ...]


def _by_reference(
    reading: Reading, order: Order, origin: Origin, diagnoses: Diagnoses
) -> tuple[list[Tumor], list[Evidence]]:
    """Follow the order's reasonReferences; also returns those that lead nowhere."""
    found: list[Tumor] = []
    lost: list[Evidence] = []
    for number, reference in enumerate(order.request.reason_reference or ()):
        entry = reading.record.find(reference, order.name)
        path = f"reasonReference[{number}]"
        if entry is None:
            named_by = CodeableConcept(text=reference.display)
            diagnosis = concept_tumor(reading, origin, named_by, path)
            if diagnosis is not None:
                found += _matching(diagnosis, diagnoses)
            else:
                lost.append(origin.evidence(path, reference.reference or show(named_by) or "?"))
            continue
        conditions = [entry]
        if isinstance(entry.resource, Observation):
            links = [reading.record.find(one, entry.key) for one in entry.resource.focus or ()]
            conditions = [one for one in links if one is not None]
        for one in conditions:
            if isinstance(one.resource, Condition):
                found += _tumors_of(one.key, diagnoses)
    return list(dict.fromkeys(found)), lost


def _by_code(reading: Reading, order: Order, origin: Origin, diagnoses: Diagnoses) -> list[Tumor]:
    found: list[Tumor] = []
    for number, concept in enumerate(order.request.reason_code or ()):
        diagnosis = concept_tumor(reading, origin, concept, f"reasonCode[{number}]")
        if diagnosis is not None:
            found += _matching(diagnosis, diagnoses)
    return list(dict.fromkeys(found))


def _tumors_of(key: str, diagnoses: Diagnoses) -> list[Tumor]:
    if key in diagnoses.belongs:
        return diagnoses.belongs[key]
    diagnosis = diagnoses.by_key.get(key)
    return [Tumor((diagnosis,))] if diagnosis is not None else []


def _matching(diagnosis: Tumorous, diagnoses: Diagnoses) -> list[Tumor]:
    """Return the tumors on file that a reason without a Condition may mean, else itself."""
    if diagnosis.primary:
        fitting = [
            tumor
            for tumor in diagnoses.tumors
            if diagnosis.organs and all(same(diagnosis, one) for one in tumor.members)
        ]
        active = [tumor for tumor in fitting if tumor.active]
        if fitting:
            return active or fitting
    return [Tumor((diagnosis,))]


def _meant(referenced: list[Tumor], coded: list[Tumor]) -> tuple[list[Tumor], list[Tumor]]:
    """Of several reasons the cancers count; a metastasis or history beside one is a complement."""
    if _cancers([*referenced, *coded]):
        return _without_complements(referenced), _without_complements(coded)
    return referenced, coded


def _cancers(tumors: list[Tumor]) -> list[Tumor]:
    return [one for one in tumors if any(member.primary for member in one.members)]


def _without_complements(tumors: list[Tumor]) -> list[Tumor]:
    cancers = _cancers(tumors)
    return cancers or [one for one in tumors if one.behaviours.isdisjoint(_COMPLEMENTS)]


def _agree(one: Tumor, other: Tumor) -> bool:
    if one == other or not one.keys.isdisjoint(other.keys):
        return True
    if not same_place(one.organs, other.organs):
        return False
    return None in (one.side, other.side) or one.side == other.side


def _at_site(pointed: list[Tumor], site: _Site, pointing: Pointing) -> Target:
    """Compare with the body site of the order: it may choose, and it may contradict."""
    fitting = [tumor for tumor in pointed if _fits_site(tumor, site)]
    if not fitting:
        return Target("contradictory", tuple(pointed), (*_cite(pointed), *site.evidence))
    if len(fitting) == 1:
        pointing = "named"
    return Target(pointing, tuple(fitting), _cite(fitting))


def _inferred(diagnoses: Diagnoses, site: _Site) -> Target:
    """Without a reason on the order, the one active cancer on file is the target."""
    tumors = [one for one in diagnoses.tumors if one.active and _fits_site(one, site)]
    for certainty in ("confirmed", "unconfirmed"):
        firm = [one for one in tumors if one.certainty == certainty]
        invasive = [one for one in firm if one.behaviours - {"in-situ"}]
        found = invasive or firm
        if found:
            pointing: Pointing = "inferred" if len(found) == 1 else "several"
            return Target(pointing, tuple(found), _cite(found))
    return Target("none", (), site.evidence)


def _fits_site(tumor: Tumor, site: _Site) -> bool:
    organs = site.organs - _ORDER_REGIONS
    if organs and tumor.organs and not same_place(organs, tumor.organs):
        return False
    return (
        None in (site.side, tumor.side)
        or "both" in (site.side, tumor.side)
        or (site.side == tumor.side)
    )


def _site_of(reading: Reading, order: Order, origin: Origin) -> _Site:
    """Return the body site of the order, by its element or by a code that includes it."""
    organs, which, _ = body_sites(reading.terminology, order.request.body_site or ())
    evidence = [
        origin.evidence(f"bodySite[{number}]", show(concept))
        for number, concept in enumerate(order.request.body_site or ())
    ]
    classes = reading.terminology.classes(order.request.code)
    organs |= named(classes, "bodysite-")
    which = which or side(classes)
    if not evidence and (organs or which):
        evidence = [origin.evidence("code", show(order.request.code))]
    return _Site(organs, which, tuple(evidence))


def _cite(tumors: Iterable[Tumor]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(one.evidence for tumor in tumors for one in tumor.members))
