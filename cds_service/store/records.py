"""What is kept of an answer: never names, values or tokens, and the patient only as a hash."""

import hmac
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal
from uuid import uuid4

import msgspec
from msgspec import Struct

from cds_service.answer.assessed import Assessed
from cds_service.answer.assessment import EXTENSION, Assessment, documentable
from cds_service.hooks.cards import Card
from fhir_mappings.decode import read_meta
from fhir_mappings.facts import Evidence
from fhir_mappings.record import Entry, Pool
from fhir_mappings.resources import Patient

Kind = Literal["likelihood", "documentation"]
_REMINDER: Final = "clinical-reminder"  # the topic of documentation cards
_PATIENT: Final = "Patient/"


class Answer(Struct, frozen=True, kw_only=True):
    """An answer to a hook, as far as it is kept.

    Attributes:
        issuer: whom the caller's token names; empty where none is needed.
        assessed: one for each order that was judged.
        pool: everything that was delivered.
        cards: the cards that went out, in the order of the assessments.
    """

    hook: str
    hook_instance: str
    issuer: str
    assessed: Sequence[Assessed]
    pool: Pool | None
    cards: Sequence[Card]


class CardRecord(Struct, frozen=True, kw_only=True):
    """A row of the table of cards."""

    uuid: str
    kind: Kind
    procedure: str
    site: str
    determination: str
    asked: dict[str, str]
    guideline_id: str
    guideline_revision: str
    guideline_sha256: str
    issuer: str
    audit: str
    created: datetime


class AuditRecord(Struct, frozen=True, kw_only=True):
    """A row of the audit."""

    id: str
    created: datetime
    hook: str
    hook_instance: str
    issuer: str
    order_name: str | None
    patient: str | None
    determination: str
    site: str
    criteria: dict[str, str]
    unknown: dict[str, str]
    missing: list[str]
    cited: list[dict[str, str]]
    guideline_id: str
    guideline_revision: str
    guideline_sha256: str
    readings: dict[str, str]
    evaluated_on: date


class Record(Struct, frozen=True, kw_only=True):
    """An answered order: its audit and its cards, kept together."""

    audit: AuditRecord
    cards: tuple[CardRecord, ...] = ()


class RecordMaker:
    """Makes the records of answers."""

    def __init__(self, hash_key: str) -> None:
        """Take the key under which patients are hashed.

        Without one, a key is drawn: nothing can be guessed from the hashes then, but those of
        another process, or of this one after a restart, do not compare.
        """
        self._key = hash_key.encode() or secrets.token_bytes(32)

    def records(self, answer: Answer) -> Iterator[Record]:
        """Yield one record for each order that was judged."""
        now = datetime.now(UTC)
        cards = _by_order(answer.cards)
        for number, assessed in enumerate(answer.assessed):
            audit = self._audit(answer, assessed, now)
            own = cards[number] if number < len(cards) else []
            yield Record(
                audit=audit, cards=tuple(_card(card, kind, assessed, audit) for kind, card in own)
            )

    def hash_patient(self, issuer: str, patient: str) -> str:
        """Hash a patient, so that records of one patient can be found by who has the key.

        Args:
            issuer: who called; ids of different EHRs have nothing to do with another.
            patient: ``Patient/id``.
        """
        return self._hash("patient", issuer.encode(), patient.encode())

    def _hash(self, what: str, *parts: bytes) -> str:
        """Hash parts; none can be mistaken for one of another kind or for several."""
        content = b"".join(len(one).to_bytes(8) + one for one in (what.encode(), *parts))
        return hmac.digest(self._key, content, "sha256").hex()

    def _audit(self, answer: Answer, assessed: Assessed, now: datetime) -> AuditRecord:
        assessment = assessed.assessment
        used, patient = assessment.guideline, assessed.patient
        return AuditRecord(
            id=uuid4().hex,
            created=now,
            hook=answer.hook,
            hook_instance=answer.hook_instance,
            issuer=answer.issuer,
            order_name=assessment.order,
            patient=None if patient is None else self.hash_patient(answer.issuer, patient),
            determination=assessment.determination,
            site=assessment.site,
            criteria={one.id: one.status for one in assessment.criteria},
            unknown={one.id: one.unknown_kind for one in assessment.criteria if one.unknown_kind},
            missing=assessment.missing,
            cited=[self._cited(answer, assessed, one) for one in _references(assessed)],
            guideline_id=used.id,
            guideline_revision=used.revision,
            guideline_sha256=used.sha256,
            readings=used.readings,
            evaluated_on=assessment.evaluated_on,
        )

    def _cited(self, answer: Answer, assessed: Assessed, reference: str) -> dict[str, str]:
        """Name a resource and the state in which it was cited.

        The digest is keyed: what a resource says could be guessed from a bare one.
        """
        entries = answer.pool.entries if answer.pool is not None else {}
        # The order that was judged is the one that came, whatever the EHR holds under its name.
        own = assessed.order.entry
        entry = own if reference == own.key else entries.get(reference)
        root, mark, inner = reference.partition("#")
        if root.startswith(_PATIENT) or _is_patient(entries.get(root)):
            root = _PATIENT + self.hash_patient(answer.issuer, root)
        cited = {"reference": f"{root}{mark}{inner}"}
        if entry is None:
            return cited
        version = read_meta(entry.resource).version_id
        if version:
            return {**cited, "versionId": version}
        content = msgspec.json.encode(entry.resource) if entry.raw is None else bytes(entry.raw)
        return {**cited, "digest": self._hash("resource", content)}


def _by_order(cards: Sequence[Card]) -> list[list[tuple[Kind, Card]]]:
    """Group cards by their order: each likelihood card begins one; notices belong to none."""
    groups: list[list[tuple[Kind, Card]]] = []
    for card in cards:
        if card.extension and EXTENSION in card.extension:
            groups.append([("likelihood", card)])
        elif groups and card.source.topic and card.source.topic.code == _REMINDER:
            groups[-1].append(("documentation", card))
    return groups


def _card(card: Card, kind: Kind, assessed: Assessed, audit: AuditRecord) -> CardRecord:
    return CardRecord(
        uuid=card.uuid,
        kind=kind,
        procedure=assessed.procedure,
        site=audit.site,
        determination=audit.determination,
        asked=_asked(card, assessed.assessment),
        guideline_id=audit.guideline_id,
        guideline_revision=audit.guideline_revision,
        guideline_sha256=audit.guideline_sha256,
        issuer=audit.issuer,
        audit=audit.id,
        created=audit.created,
    )


def _asked(card: Card, assessment: Assessment) -> dict[str, str]:
    """Return the criteria whose documentation the suggestions of a card ask for.

    The Tasks come first and in the order of what is missing; nothing is asked for that only
    surgery can show.
    """
    suggestions = card.suggestions or ()
    asked = zip(suggestions, documentable(assessment), strict=False)
    return {one.uuid: name for one, name in asked}


def _references(assessed: Assessed) -> dict[str, None]:
    """Return what an assessment cites, each once: the order and the coverage first."""
    assessment = assessed.assessment
    first = (assessment.order, assessment.coverage.reference)
    every = (
        *(one for one in first if one is not None),
        *(one.reference for one in _evidence(assessed)),
        *(one for note in assessment.notes for one in note.references),
    )
    return dict.fromkeys(every)


def _evidence(assessed: Assessed) -> Iterable[Evidence]:
    for criterion in assessed.assessment.criteria:
        yield from criterion.evidence
        yield from (one.evidence for one in criterion.considered)
    for document in assessed.documents:
        yield from document.evidence


def _is_patient(entry: Entry | None) -> bool:
    return entry is not None and isinstance(entry.resource, Patient)
