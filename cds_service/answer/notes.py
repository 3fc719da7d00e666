"""What an assessment says beside its criteria: about the record, the session and the target."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cds_service.answer.assessment import NoteSaid
from cds_service.answer.markdown import plain
from fhir_mappings.facts import Case
from fhir_mappings.record import Record

_NAMED: Final = 5  # how many resources a note names before it only counts
_LONGEST: Final = 40
_PLACES: Final = {
    "breast": "breast",
    "cervix": "cervix",
    "uterus": "uterus",
    "colon": "colon",
    "rectum": "rectum",
    "rectosigmoid": "rectosigmoid junction",
    "large-intestine": "large intestine",
    "anus": "anus",
    "anorectal": "rectum and anus",
    "pancreas": "pancreas",
    "soft-tissue": "soft tissue",
    "retroperitoneum": "retroperitoneum",
    "peritoneum": "peritoneum",
    "peripheral-nerve": "peripheral nerve",
    "bone": "bone",
}


def about_record(record: Record) -> Iterator[NoteSaid]:
    """Name what was received and not used."""
    if record.foreign:
        yield _unused(record.foreign, "data of another patient")
    if record.unclaimed:
        yield _unused(record.unclaimed, "patient not known")
    if record.unreadable:
        yield _unused(record.unreadable, "not readable")


def about_other_orders(name: str, cases: Mapping[str, Case]) -> Iterator[NoteSaid]:
    """Name another order of the session for the same target."""
    own = _diagnoses(cases[name])
    others = [other for other, case in cases.items() if other != name and own & _diagnoses(case)]
    if others:
        yield NoteSaid(
            text="Another IORT order for the same target is being signed; one fraction is allowed.",
            references=others,
        )


def about_getting(text: str) -> NoteSaid:
    """Say what stood in the way of getting the record."""
    return NoteSaid(text=text)


def about_patient(*, known: bool) -> NoteSaid:
    """Say why an order was not judged for its patient."""
    if known:
        return NoteSaid(
            text="The order is for another patient than the request; it was not judged."
        )
    return NoteSaid(text="It cannot be told which patient the order is for; it was not judged.")


def name_procedure(classes: frozenset[str]) -> str:
    """Name what is ordered in a few words, by the classes of its code."""
    if "modality-electrons" in classes:
        return "Electron IORT"
    return "X-ray IORT" if "modality-x-ray" in classes else "IORT"


def name_target(case: Case) -> str:
    """Name the target in a few words, such as ``left breast``; empty where it is not known."""
    if not case.candidates or case.pointing == "unreadable":
        return ""
    names = {_name(one.organs) for one in case.candidates}
    if len(names) > 1:
        return ""
    name = names.pop()
    if not name:
        shown = re.sub(r"\s*\([^)]*\)$", "", case.candidates[0].evidence[0].value)
        return plain(shown, _LONGEST)
    sides = {one.side for one in case.candidates}
    side = sides.pop() if len(sides) == 1 else None
    if side not in ("left", "right"):
        return name
    return f"{side} breast" if name == "breast" else f"{name} ({side})"


def _name(organs: frozenset[str]) -> str:
    return _PLACES.get(next(iter(organs)), "") if len(organs) == 1 else ""


def _diagnoses(case: Case) -> set[str]:
    return {one.reference for candidate in case.candidates for one in candidate.evidence}


def _unused(names: list[str], what: str) -> NoteSaid:
    count = "1 resource was" if len(names) == 1 else f"{len(names)} resources were"
    return NoteSaid(text=f"{count} received and not used: {what}.", references=names[:_NAMED])
