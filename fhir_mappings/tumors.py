"""Which diagnoses are one tumor.

The same cancer stands on a problem list and in encounters, under several code systems, with and
without a side. Diagnoses of one organ belong together unless side, part of the organ or time keep
them apart. A diagnosis that fits several tumors belongs to none of them for certain.
"""

from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct

from fhir_mappings.dates import Span
from fhir_mappings.facts import Behaviour, Certainty, Disease, Organ, Side
from fhir_mappings.readers.diagnoses import Tumorous

_SAME_ORGAN: Final[tuple[frozenset[Organ], ...]] = (
    frozenset(("colon", "large-intestine")),
    frozenset(("rectum", "large-intestine")),
    frozenset(("rectosigmoid", "large-intestine")),
    frozenset(("rectum", "anorectal")),
)
_YEAR: Final = 365
_FIRMEST: Final[tuple[Certainty, ...]] = ("confirmed", "unconfirmed", "history", "refuted")


class Tumor(Struct, frozen=True):
    """A tumor: one or more diagnoses of it."""

    members: tuple[Tumorous, ...]

    @property
    def keys(self) -> frozenset[str]:
        """The Conditions that diagnose it."""
        return frozenset(one.key for one in self.members)

    @property
    def organs(self) -> frozenset[Organ]:
        """Where it is."""
        return frozenset(organ for one in self.members for organ in one.organs)

    @property
    def behaviours(self) -> frozenset[Behaviour]:
        """How it behaves, by all its diagnoses."""
        return frozenset(told for one in self.members for told in one.behaviours)

    @property
    def diseases(self) -> frozenset[Disease]:
        """What it is, by all its diagnoses."""
        return frozenset(what for one in self.members for what in one.diseases)

    @property
    def side(self) -> Side | None:
        """Its side, where a diagnosis names one."""
        return next((one.side for one in self.members if one.side), None)

    @property
    def certainty(self) -> Certainty:
        """The firmest certainty of its diagnoses."""
        return min((one.certainty for one in self.members), key=_FIRMEST.index)

    @property
    def active(self) -> bool:
        """Whether any diagnosis is not recorded as over."""
        return any(one.active for one in self.members)

    @property
    def recurrent(self) -> bool:
        """Whether any diagnosis is of a recurrence."""
        return any(one.recurrent for one in self.members)

    @property
    def onset(self) -> Span | None:
        """When it was first diagnosed."""
        return min((one.onset for one in self.members if one.onset), default=None)

    @property
    def abatement(self) -> Span | None:
        """When it was over; None if any diagnosis of it is not."""
        ends = [one.abatement for one in self.members]
        return None if None in ends else max(end for end in ends if end is not None)


def group(diagnoses: list[Tumorous]) -> tuple[list[Tumor], dict[str, list[Tumor]]]:
    """Group the diagnoses of cancers into tumors.

    Args:
        diagnoses: in any order; those that are no cancer of their own are left out.

    Returns:
        The tumors, and for each diagnosis the tumors that it may belong to.
    """
    primary = sorted((one for one in diagnoses if one.primary), key=_specific_first)
    groups: list[list[Tumorous]] = []
    floating: list[tuple[Tumorous, list[list[Tumorous]]]] = []
    for one in primary:
        fitting = [members for members in groups if all(same(one, other) for other in members)]
        if len(fitting) == 1:
            fitting[0].append(one)
        elif fitting:
            floating.append((one, fitting))
        else:
            groups.append([one])
    tumors = {id(members): Tumor(tuple(members)) for members in groups}
    belongs = {one.key: [tumor] for tumor in tumors.values() for one in tumor.members}
    for one, fitting in floating:
        belongs[one.key] = [tumors[id(members)] for members in fitting]
    return list(tumors.values()), belongs


def same(one: Tumorous, other: Tumorous) -> bool:
    """Tell whether two diagnoses may be of one tumor."""
    if not same_place(one.organs, other.organs):
        return False
    if None not in (one.side, other.side) and one.side != other.side:
        return False
    if None not in (one.subsite, other.subsite) and one.subsite != other.subsite:
        return False
    first, second = (one, other) if (one.onset or (0,)) <= (other.onset or (0,)) else (other, one)
    return not _new_cancer(first, second)


def same_place(one: AbstractSet[str], other: AbstractSet[str]) -> bool:
    """Tell whether two sets of organs may name one place; an unnamed place may be any."""
    if not one or not other or not one.isdisjoint(other):
        return True
    return any(not pair.isdisjoint(one) and not pair.isdisjoint(other) for pair in _SAME_ORGAN)


def _new_cancer(first: Tumorous, second: Tumorous) -> bool:
    """Tell whether the later diagnosis is a new cancer after the earlier one was over."""
    if second.recurrent or first.onset is None or second.onset is None:
        return False
    if first.abatement is not None:
        return first.abatement.before(second.onset)
    return not first.active and second.active and second.onset.first - first.onset.last > _YEAR


def _specific_first(one: Tumorous) -> tuple[object, ...]:
    return (one.side is None, one.subsite is None, not one.organs, one.key)
