"""Signing records in tests: the cards as a client receives them, and one record for each answer."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cds_service.answer.assessment import EXTENSION
from cds_service.answer.cards import CardMaker
from cds_service.assess import Assessor
from cds_service.cli.compose import compose_request
from cds_service.hooks.cards import Cards
from cds_service.hooks.request import parse_request
from cds_service.intake.bundles import decode_bundle
from cds_service.sessions import Session, review, sign
from tests.builders import Json, Record, breast, colon, concept, pancreas, rectal, sarcoma
from tests.judging import assessor

BASE: Final = "https://cds.example.org"
SAMPLES: Final = sorted((Path(__file__).parents[3] / "sample_bundles").glob("*.json"))
_GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def paying(*payers: str) -> Assessor:
    """The shipped guideline where these payers are known to use it."""
    return Assessor(assessor().guideline, assessor().terminology, payers)


def session_of(record: Record, by: Assessor | None = None) -> Session:
    """Judge the orders of a record."""
    bundle = decode_bundle(msgspec.json.encode(record.bundle))
    assert bundle is not None
    day = date.fromisoformat(record.day)
    return review(by or assessor(), bundle, lambda _: day, record.unavailable)


def cards_of(record: Record, by: Assessor | None = None) -> list[Json]:
    """Return the cards for a record."""
    by = by or assessor()
    return _sent(by, session_of(record, by))


def signed(record: Record, **prefetch: Any) -> list[Json]:
    """Return the cards for a record that comes as a request, with changes to its prefetch."""
    request = compose_request(record.bundle, record.unavailable)
    request["prefetch"].update(prefetch)
    return cards_for_request(request, date.fromisoformat(record.day))


def cards_for_request(request: Json, day: date) -> list[Json]:
    """Return the cards for a request."""
    body = parse_request(json.dumps(request).encode())
    return _sent(assessor(), sign(assessor(), body, lambda _: day))


def likelihood(record: Record, by: Assessor | None = None) -> Json:
    """Return the likelihood card of the one order of a record."""
    return cards_of(record, by)[0]


def documentation(record: Record) -> Json:
    """Return the documentation card of the one order of a record."""
    _, card = cards_of(record)
    return card


def second_sentence(card: Json) -> str:
    """Return what the first paragraph says after the verdict."""
    first: str = card["detail"].partition("\n\n")[0]
    return first.replace("(rev. ", "(rev ").partition(". ")[2]


def assessment(card: Json) -> Json:
    """Return the assessment on a card."""
    found: Json = card["extension"][EXTENSION]
    return found


def markdown(detail: str) -> list[Token]:
    """Read a detail as a client does that renders Markdown and the HTML in it."""
    return list(_flat(_GFM.parse(detail)))


def table_rows(detail: str) -> list[list[str]]:
    """Return the cells of the table, header included, as they are read."""
    rows: list[list[str]] = []
    for number, token in enumerate(tokens := _GFM.parse(detail)):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            rows[-1].append(visible(_flat([tokens[number + 1]])))
    return rows


def visible(tokens: Any) -> str:
    """Return what a reader sees."""
    return "".join(one.content for one in tokens if one.type in ("text", "text_special"))


def empty_members(content: Any, path: str = "") -> Iterator[str]:
    """Yield the places of null, empty texts, lists and objects."""
    if content in (None, "", [], {}):
        yield path
    children = dict(enumerate(content)) if isinstance(content, list) else content
    for key, one in children.items() if isinstance(children, dict) else ():
        yield from empty_members(one, f"{path}/{key}")


def _sent(by: Assessor, session: Session) -> list[Json]:
    body = msgspec.json.encode(Cards(CardMaker(by.guideline).cards(session.assessed, BASE)))
    cards: list[Json] = json.loads(body)["cards"]
    return cards


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.children is None:
            yield token
        else:
            yield from _flat(token.children)


def breast_without(kind: str, *numbers: int) -> Record:
    """A breast cancer patient with something taken out; T, N and margin are 0, 1 and 2."""
    record = breast()
    for number in sorted(numbers, reverse=True):
        record.without(kind, number)
    return record


def cancer() -> Record:
    """Breast cancer, nothing else on file and nothing ordered."""
    return Record().condition("icd|C50.412", histology="icdo|8500/3")


def close_margin() -> Record:
    """Breast cancer with a margin that the guideline does not sort."""
    return cancer().t("cT1c").n("cN0").margin("text:uninvolved, 1 mm").order()


def contradictory() -> Record:
    """Breast cancer with two T categories of one day."""
    return breast().t("cT2")


def stranger() -> Record:
    """An order of which cannot be told for whom it is."""
    record = breast().change(subject={"display": "somebody"})
    record.resources.append({"resourceType": "Patient", "id": "q"})
    return record


def provisional() -> Record:
    """Breast cancer that is neither confirmed nor examined."""
    return breast(histology=None, verification="provisional")


def unresectable() -> Record:
    """Pancreatic cancer that will not be resected."""
    return pancreas().observation("CT", "Unresectable tumor").without("ServiceRequest", 1)


def before_surgery(record: Record) -> Record:
    """A patient whose lumpectomy is still to come."""
    plan = {"status": "active", "intent": "order", "code": concept("cpt|19301")}
    return record.add("ServiceRequest", **plan)


def truncated(record: Record) -> list[Json]:
    """Cards for a record of whose Observations only the first page came."""
    more = {"link": [{"relation": "next", "url": "https://ehr.example.org/next"}]}
    held = [one for one in record.resources if one["resourceType"] == "Observation"]
    page = {"resourceType": "Bundle", "type": "searchset", **more}
    entries = [{"resource": one} for one in held]
    return signed(
        record,
        observationsByCategory={**page, "entry": entries},
        observationsByCode={**page, "entry": entries},
    )


# For each answer that there is, what leads to it: one order each.
SITUATIONS: Final[dict[str, Callable[[], list[Json]]]] = {
    "covered": lambda: cards_of(breast()),
    "covered-outright": lambda: cards_of(before_surgery(breast())),
    "covered-if-confirmed": lambda: cards_of(colon(status="recurrence")),
    "not-covered": lambda: cards_of(cancer().t("cT2").n("cN0").order()),
    "not-listed": lambda: cards_of(Record().condition("sct|399068003|Prostate cancer").order()),
    "pancreas-not-resected": lambda: cards_of(unresectable()),
    "in-surgery": lambda: cards_of(breast_without("Observation", 2)),
    "in-surgery-or-before": lambda: cards_of(rectal(status="recurrence")),
    "missing": lambda: cards_of(breast_without("Observation", 0, 1)),
    "missing-much": lambda: cards_of(colon()),
    "no-diagnosis": lambda: cards_of(Record().order("cpt|77424")),
    "individual": lambda: cards_of(close_margin()),
    "pancreas": lambda: cards_of(pancreas()),
    "pancreas-missing": lambda: cards_of(pancreas().without("Observation")),
    "contradictory": lambda: cards_of(contradictory()),
    "contradictory-and-missing": lambda: cards_of(contradictory().without("Observation", 1)),
    "contradictory-and-in-surgery": lambda: cards_of(contradictory().without("Observation", 2)),
    "individual-and-contradictory": lambda: cards_of(close_margin().t("cT2")),
    "unread": lambda: cards_of(breast().unread("Observation")),
    "unread-and-missing": lambda: cards_of(provisional().unread("Procedure")),
    "read-in-part": lambda: truncated(breast()),
    "nobody": lambda: cards_of(stranger()),
    "sarcoma": lambda: cards_of(sarcoma()),
}


@cache
def situation(name: str) -> list[Json]:
    """Return the cards of a situation."""
    return SITUATIONS[name]()


@cache
def sample(file: Path) -> list[Json]:
    """Return the cards of a sample."""
    content = json.loads(file.read_bytes())
    request = content if "hook" in content else compose_request(content)
    return cards_for_request(request, date(2026, 6, 15))
