"""Which findings are about which tumor.

A finding belongs to a tumor if it is explicitly tied to it; else if organ and side fit no other;
else if it can describe no other tumor on file, by its kind and its date. What could be about
several is about none for certain: it is kept, and proves nothing.
"""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec.structs import replace

from fhir_mappings.dates import Span
from fhir_mappings.facts import Fact, Organ, Radiation
from fhir_mappings.findings import Finding
from fhir_mappings.readers.sites import is_pelvic
from fhir_mappings.tumors import Tumor, same_place

_OF_ORDER: Final = frozenset(
    (
        "service",
        "fractions",
        "setting",
        "modality",
        "intent",
        "age",
        "surgery",
        "document",
        "tumor",
        "episode",
    )
)
_LEAD: Final = 180  # days: staging may precede the date of onset on file
_DISTANT: Final = 365
_REGIONS: Final = frozenset(("pelvis", "abdomen", "elsewhere"))


Covers = Literal["target", "elsewhere", "unspecified"]


def facts_about(
    target: Tumor,
    tumors: list[Tumor],
    belongs: dict[str, list[Tumor]],
    findings: Iterable[Finding],
    *,
    past: Iterable[frozenset[Organ]] = (),
    certain: bool,
) -> dict[str, tuple[Fact, ...]]:
    """Return the facts about one tumor, by kind.

    Args:
        target: the tumor.
        tumors: all tumors on file.
        belongs: for each diagnosis the tumors that it may belong to.
        findings: of the record.
        past: the organs of cancers that are only history.
        certain: whether all diagnoses were read; if not, what belongs by elimination is partial.
    """
    found: dict[str, list[Fact]] = {}
    others = [one for one in tumors if one != target]
    places = [*(one.organs for one in others), *past]
    other_cancer = any(not same_place(place, target.organs) for place in places)
    for finding in findings:
        if finding.kind == "radiation":
            fact: Fact | None = _radiation(finding, target, other_cancer=other_cancer)
        elif finding.kind in _OF_ORDER:
            fact = finding.fact
        else:
            fact = _attributed(finding, target, others, belongs, certain=certain)
        if fact is not None:
            found.setdefault(finding.kind, []).append(fact)
    return {kind: tuple(sorted(facts, key=_place)) for kind, facts in found.items()}


def _attributed(
    finding: Finding,
    target: Tumor,
    others: list[Tumor],
    belongs: dict[str, list[Tumor]],
    *,
    certain: bool,
) -> Fact | None:
    """Return the fact if it is about the target, unattributed if it may be about another."""
    rivals = others
    if finding.links:
        linked = [belongs.get(key, []) for key in finding.links]
        if not target.keys.isdisjoint(finding.links) or [target] in linked:
            return finding.fact
        if not any(target in fit for fit in linked):
            return None
        rivals = [one for one in others if any(one in fit for fit in linked)]
    if not _may_describe(finding, target):
        return None
    rivals = [one for one in rivals if _may_describe(finding, one)]
    if not rivals:
        return finding.fact if certain else replace(finding.fact, partial=True)
    if not _in_time(finding.fact.when, target, rivals):
        return None
    if any(_in_time(finding.fact.when, one, [target]) for one in rivals):
        return replace(finding.fact, standing="unattributed")
    return finding.fact


def _may_describe(finding: Finding, tumor: Tumor) -> bool:
    if finding.solid and tumor.organs == frozenset(("blood",)):
        return False
    places = finding.organs - _REGIONS
    if places and not same_place(places, tumor.organs):
        return False
    side = finding.fact.side
    return None in (side, tumor.side) or side == tumor.side or "both" in (side, tumor.side)


def _in_time(when: Span | None, tumor: Tumor, rivals: list[Tumor]) -> bool:
    """Tell whether a finding of this date may be about a tumor, given that there are others."""
    if when is None:
        return True
    if tumor.abatement is not None and tumor.abatement.before(when):
        return False
    onset = tumor.onset
    if onset is not None and when.last < onset.first - _DISTANT:
        return False  # long before this tumor: about an earlier one
    if tumor.active or onset is None:
        return True
    # An inactive tumor is not what a finding around the onset of a newer, active one is about.
    return not any(
        one.active
        and one.onset is not None
        and onset.before(one.onset)
        and when.last >= one.onset.first - _LEAD
        for one in rivals
    )


def _radiation(finding: Finding, target: Tumor, *, other_cancer: bool) -> Fact:
    fact = finding.fact
    assert isinstance(fact, Radiation)
    return replace(
        fact,
        covers=_covers(finding, target),
        timing=_timing(fact, target),
        other_cancer=other_cancer,
    )


def _covers(finding: Finding, target: Tumor) -> Covers:
    """Tell whether radiation was given to the region of the target."""
    covers = _covers_place(finding, target) if finding.organs else "unspecified"
    if covers == "unspecified" and not target.keys.isdisjoint(finding.links):
        return "target"  # given for the target, and to no other place
    return covers


def _covers_place(finding: Finding, target: Tumor) -> Covers:
    if is_pelvic(target.organs):
        return "target" if "pelvis" in finding.organs else "elsewhere"
    if not same_place(finding.organs - _REGIONS, target.organs) or finding.organs <= _REGIONS:
        return "elsewhere"
    side = finding.fact.side
    if None not in (side, target.side) and side != target.side:
        return "elsewhere"
    return "target" if side is not None or target.side is None else "unspecified"


def _timing(fact: Radiation, target: Tumor) -> Literal["earlier", "this-episode"]:
    """Radiation that ended before the tumor, or its recurrence, began belongs to the past."""
    if fact.state == "planned":
        return "this-episode"
    found = [one.recurred for one in target.members if one.recurred is not None]
    begun = max(found) if found else None if target.recurrent else target.onset
    if fact.when is None or begun is None:
        return "earlier"  # nothing ties the course to this episode
    return "earlier" if fact.when.before(begun) else "this-episode"


def _place(fact: Fact) -> tuple[str, str, str]:
    first = fact.evidence[0]
    return first.reference, first.path, first.value
