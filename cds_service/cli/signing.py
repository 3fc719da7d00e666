"""Signing loaded records without prefetch, and comparing the answers with replay of the files."""

from collections.abc import Callable
from datetime import date

import httpx
import msgspec
from msgspec import Struct

from cds_service.answer.assessment import EXTENSION, Assessment
from cds_service.api.offers import SERVICE_ID
from cds_service.assess import Assessor
from cds_service.cli.compose import compose_request
from cds_service.cli.servers import Json, UnansweredError, post_json
from cds_service.cli.sources import Item
from cds_service.cli.storing import name_of
from cds_service.intake.bundles import decode_bundle
from cds_service.sessions import assessments, review

_NOTHING = "not-applicable"
_COMPARED = ("site", "determination", "missing", "missing_any_of", "pending_intraoperative")


class Signed(Struct, frozen=True):
    """One order, judged twice.

    Attributes:
        asked: the determination from what the service read on the FHIR server; without one, what
            it said instead.
        replayed: the determination from the file.
        differs: in what the two assessments differ.
    """

    record: str
    order: str
    asked: str
    replayed: str
    differs: list[str]


class Signer(Struct, frozen=True, kw_only=True):
    """Signs the orders of records, and replays the records.

    Attributes:
        client: reaches the service.
        assessor: judges the files.
        fhir: the FHIR server that the service is told to ask.
        service_on: the address of a service that judges on a day.
    """

    client: httpx.Client
    assessor: Assessor
    fhir: str
    service_on: Callable[[date], str]

    def sign(self, item: Item, entries: list[Json], day: date) -> list[Signed]:
        """Sign the draft orders of a record.

        Raises:
            UnansweredError: the service did not answer as it should.
            ValueError: the record holds no Patient that its orders name.
        """
        asked, notices = self._asked(entries, day)
        # A running service judges on a day of its own.
        replayed = self._replayed(item, entries, asked[0].evaluated_on if asked else day)
        said = " / ".join(notices) or _NOTHING
        if not asked and not replayed:
            return [Signed(item.id, "-", said, _NOTHING, notices)]
        answers = {one.order or "-": one for one in asked}
        return [
            Signed(
                record=item.id,
                order=name,
                asked=answers[name].determination if name in answers else said,
                replayed=replayed[name].determination if name in replayed else _NOTHING,
                differs=_differences(answers.get(name), replayed.get(name)),
            )
            for name in dict.fromkeys((*replayed, *answers))
        ]

    def _asked(self, entries: list[Json], day: date) -> tuple[list[Assessment], list[str]]:
        """Return the assessments in the answer, and the summaries of the other cards."""
        request = {**compose_request({"entry": entries}), "fhirServer": self.fhir}
        del request["prefetch"]
        url = f"{self.service_on(day).rstrip('/')}/cds-services/{SERVICE_ID}"
        answer = post_json(self.client, url, request)
        try:
            cards = msgspec.convert(answer, _Answer).cards
        except msgspec.ValidationError:
            raise UnansweredError(f"{url} answered no cards of this version") from None
        assessed = [one.extension[EXTENSION] for one in cards if EXTENSION in one.extension]
        return assessed, [one.summary for one in cards if EXTENSION not in one.extension]

    def _replayed(self, item: Item, entries: list[Json], day: date) -> dict[str, Assessment]:
        """Judge the file; what a case calls unavailable is not, since the server has it."""
        bundle = decode_bundle(item.content)
        assert bundle is not None
        session = review(self.assessor, bundle, lambda _: day, ())
        # An order without an id has one on the server.
        names = {entry.get("fullUrl"): name_of(entry["resource"]) for entry in entries}
        answers = assessments(self.assessor, session, day)
        return {names.get(one.order, one.order): one for one in answers if one.order is not None}


class _Card(Struct):
    summary: str
    extension: dict[str, Assessment] = {}


class _Answer(Struct):
    cards: list[_Card]


def _differences(one: Assessment | None, other: Assessment | None) -> list[str]:
    """Return in what two assessments differ: site, determination, missing sets, criteria."""
    if one is None or other is None:
        return ["not assessed" if one is None else "no such order in the file"]
    named = [name for name in _COMPARED if getattr(one, name) != getattr(other, name)]
    mine, others = _statuses(one), _statuses(other)
    return named + [name for name in mine | others if mine.get(name) != others.get(name)]


def _statuses(assessment: Assessment) -> dict[str, tuple[str, str | None]]:
    return {one.id: (one.status, one.unknown_kind) for one in assessment.criteria}
