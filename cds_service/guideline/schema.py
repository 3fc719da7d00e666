"""The shape of a guideline file.

Only the shape: which members there are and of what kind. Switches and formulas are free here and
checked by `compiling.py`, which knows the readings and the facts.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Entry(BaseModel):
    """What all parts share: kebab-case members, none unknown."""

    model_config = ConfigDict(extra="forbid", alias_generator=_kebab, frozen=True)


class ReadingEntry(Entry):
    """A reading: switchable with options and a default, or fixed with a reason."""

    question: str
    fixed: str | None = None
    default: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    sentence: str = ""
    reviewed_by: str = Field(default="", alias="reviewedBy")
    reviewed_on: str = Field(default="", alias="reviewedOn")


class ClauseEntry(Entry):
    """Facts of a kind that pass tests."""

    fact: str
    when: dict[str, Any] = Field(default_factory=dict)


class RowEntry(ClauseEntry):
    """What a fact says."""

    says: Any
    rank: str | None = Field(default=None, alias="as")
    if_read: list[str] = Field(default_factory=list)


class TogetherEntry(Entry):
    """What several facts say together."""

    facts: list[ClauseEntry]
    says: Any
    without: list[ClauseEntry] = Field(default_factory=list)
    within_days: int | None = None
    second_not_before_first: bool = False
    same_side: bool = False
    if_read: list[str] = Field(default_factory=list)


class CriterionEntry(Entry):
    """A question and the facts that answer it."""

    short: str
    item: str
    refuted: str
    asks: str
    section: str
    reads: list[str] = Field(default_factory=list)
    evidence: list[RowEntry] = Field(default_factory=list)
    together: list[TogetherEntry] = Field(default_factory=list)
    prefer: list[str] = Field(default_factory=list)
    prefer_over_time: bool = False
    always: str | None = None
    decided_by: Literal["targets"] | None = None
    intraoperative: bool = False
    ask_for: str = ""
    who: str = ""
    why: str = ""


class TargetEntry(Entry):
    """Which diagnosis means which heading."""

    when: dict[str, Any]
    site: Any
    says: Any


class ConfirmEntry(Entry):
    """What has to be confirmed where a positive answer leans on it."""

    criterion: str
    facts: list[ClauseEntry] = Field(default_factory=list)
    without: list[ClauseEntry] = Field(default_factory=list)


class NoteEntry(Entry):
    """What the card adds where facts give reason to."""

    reading: str
    criterion: str | None = None
    facts: list[ClauseEntry]
    without: list[ClauseEntry] = Field(default_factory=list)


class DocumentEntry(Entry):
    """A document to submit."""

    short: str
    asks: str
    section: str
    kind: Literal["visit-note", "pathology", "imaging"]
    within_days: int | None = None


class Dates(Entry):
    """The guideline's own dates, as year and month."""

    issued: str
    revised: str
    implemented: str


class GuidelineFile(Entry):
    """The whole file."""

    id: str
    title: str
    publisher: str
    number: str
    revision: str
    dates: Dates
    codes: list[str]
    provenance: str
    sections: dict[str, str]
    ranks: list[list[str]]
    readings: dict[str, ReadingEntry]
    targets: list[TargetEntry]
    criteria: dict[str, CriterionEntry]
    common: Any
    formulas: dict[str, Any]
    paths: dict[str, Any]
    confirm: list[ConfirmEntry]
    notes: list[NoteEntry]
    documents: dict[str, DocumentEntry]


class ReadingChoice(Entry):
    """A site's choice of a reading, with its review."""

    option: str
    reviewed_by: str = Field(default="", alias="reviewedBy")
    reviewed_on: str = Field(default="", alias="reviewedOn")


class ReadingsFile(Entry):
    """A site's own readings, laid over those of the guideline."""

    readings: dict[str, str | ReadingChoice]
