"""The response of a service: cards with sources, links and suggestions (CDS Hooks 2.0).

Members without a value are left out; the specification forbids null and empty ones.
"""

from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, UnsetType

Indicator = Literal["info", "warning", "critical"]


class Wire(Struct, rename="camel", omit_defaults=True, kw_only=True, frozen=True):
    """What all wire types share."""


class Coding(Wire, frozen=True, kw_only=True):
    """CDS Hooks Coding: code and system are required."""

    code: str
    system: str
    display: str | UnsetType = UNSET


class Source(Wire, frozen=True, kw_only=True):
    """Where the advice of a card comes from."""

    label: str
    url: str | UnsetType = UNSET
    topic: Coding | UnsetType = UNSET


class Link(Wire, frozen=True, kw_only=True):
    """A link on a card."""

    label: str
    url: str
    type: Literal["absolute", "smart"]


class Action(Wire, frozen=True, kw_only=True):
    """What a suggestion does."""

    type: Literal["create", "update", "delete"]
    description: str
    resource: dict[str, Any] | UnsetType = UNSET


class Suggestion(Wire, frozen=True, kw_only=True):
    """A suggestion on a card."""

    label: str
    uuid: str
    actions: list[Action]


class Card(Wire, frozen=True, kw_only=True):
    """A card; the summary has less than 140 characters."""

    uuid: str
    summary: str
    detail: str
    indicator: Indicator
    source: Source
    suggestions: list[Suggestion] | UnsetType = UNSET
    selection_behavior: Literal["any", "at-most-one"] | UnsetType = UNSET
    override_reasons: list[Coding] | UnsetType = UNSET
    links: list[Link] | UnsetType = UNSET
    extension: dict[str, Raw] | UnsetType = UNSET


class Cards(Struct, frozen=True):
    """A response; `cards` is there even when empty."""

    cards: list[Card]
