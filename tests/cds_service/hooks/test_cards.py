"""The wire shapes: names as CDS Hooks has them, and no member without a value."""

import msgspec

from cds_service.hooks.cards import Action, Card, Cards, Coding, Link, Source, Suggestion
from cds_service.hooks.discovery import Service, Services

TOPIC = Coding(code="guideline", system="urn:topics", display="Guideline")
CARD = Card(uuid="1", summary="s", detail="d", indicator="info", source=Source(label="l"))


def test_a_card_without_extras_has_only_what_is_required() -> None:
    assert msgspec.to_builtins(CARD) == {
        "uuid": "1",
        "summary": "s",
        "detail": "d",
        "indicator": "info",
        "source": {"label": "l"},
    }


def test_a_card_with_all_extras_has_them_under_their_names() -> None:
    action = Action(type="create", description="a", resource={"resourceType": "Task"})
    card = msgspec.structs.replace(
        CARD,
        source=Source(label="l", url="https://cds.example.org", topic=TOPIC),
        suggestions=[Suggestion(label="x", uuid="2", actions=[action])],
        selection_behavior="any",
        override_reasons=[TOPIC],
        links=[Link(label="x", url="https://cds.example.org", type="absolute")],
        extension={"org.example": msgspec.Raw(b"{}")},
    )
    found = msgspec.json.decode(msgspec.json.encode(card))

    assert set(found) == {
        "uuid", "summary", "detail", "indicator", "source", "suggestions", "selectionBehavior",
        "overrideReasons", "links", "extension",
    }  # fmt: skip
    assert found["suggestions"][0]["actions"] == [
        {"type": "create", "description": "a", "resource": {"resourceType": "Task"}}
    ]
    assert found["source"]["topic"] == {
        "code": "guideline",
        "system": "urn:topics",
        "display": "Guideline",
    }


def test_a_response_without_cards_and_a_server_without_services_have_empty_lists() -> None:
    assert msgspec.json.encode(Cards([])) == b'{"cards":[]}'
    assert msgspec.json.encode(Services([])) == b'{"services":[]}'


def test_a_service_is_offered_under_the_names_of_cds_hooks() -> None:
    service = Service(
        hook="order-sign",
        id="x",
        title="t",
        description="d",
        version="2.0.1",
        usage_requirements="u",
        prefetch={"patient": "Patient/{{context.patientId}}"},
    )

    assert list(msgspec.to_builtins(service)) == [
        "hook", "id", "title", "description", "version", "usageRequirements", "prefetch",
    ]  # fmt: skip
