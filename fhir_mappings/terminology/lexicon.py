"""The closed lexicon: phrases that are understood in free text, with a guard against negation.

The phrases are data (`lexicon.yaml`). This module cuts a text into clauses and tells, for each
phrase found, whether it is said, denied or only considered. It never guesses beyond the list.
"""

import re
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple

import yaml

State = Literal["said", "denied", "doubtful"]

_CLAUSE = re.compile(
    r"\s*(?:[;:!?\n]|\.(?=\s|$)|(?P<comma>,)(?=\s|$)|\b(?:but|however|although|while|whereas)\b)\s*",
    re.IGNORECASE,
)
_LIST = re.compile(r"\b(?:or|nor)\b", re.IGNORECASE)
_NEGATES = re.compile(r"\b(?:no|not|without|neither)\b", re.IGNORECASE)
_REACH = 6  # words between a negator and its phrase


class Mention(NamedTuple):
    """A phrase that was found.

    Attributes:
        meaning: the class of the phrase, such as ``local`` in the group ``recurrence``.
        state: whether the text says it, denies it, or leaves it open.
        quote: the words that matched.
        clause: the number of the clause in which it stands.
    """

    meaning: str
    state: State
    quote: str
    clause: int


class _Guard(NamedTuple):
    before: re.Pattern[str]
    after: re.Pattern[str]


class _Lexicon(NamedTuple):
    """The compiled lexicon.

    Attributes:
        groups: the phrases of each class, by group.
        anything: all phrases of a group in one; None where they have to be a clause of their own.
    """

    groups: dict[str, list[tuple[str, re.Pattern[str]]]]
    anything: dict[str, re.Pattern[str] | None]
    negators: _Guard
    doubts: _Guard


def mentions(group: str, text: str) -> list[Mention]:
    """Find the phrases of a group in a text, clause by clause.

    Args:
        group: the name of a group in the lexicon.
        text: any free text.
    """
    lexicon = _lexicon()
    found: list[Mention] = []
    anything = lexicon.anything[group]
    if anything is not None and anything.search(text) is None:
        return found  # as in most texts
    carried = False
    for number, (clause, follows_comma) in enumerate(_clauses(text)):
        # "no sidewall, para-aortic or distant disease": the negation reaches over the commas.
        listed = carried and follows_comma and _LIST.search(clause)
        for meaning, pattern in lexicon.groups[group]:
            found.extend(
                Mention(
                    meaning,
                    "denied" if listed else _state(lexicon, clause, match),
                    match[0],
                    number,
                )
                for match in pattern.finditer(clause)
            )
        carried = (carried and follows_comma) or _NEGATES.search(clause) is not None
    return found


def said(group: str, text: str) -> set[Any]:
    """Return the classes of a group that a text plainly says.

    They are words of the vocabulary of facts; a test holds the lexicon to it.
    """
    return {mention.meaning for mention in mentions(group, text) if mention.state == "said"}


def clauses(text: str) -> list[str]:
    """Cut a text into the clauses that `Mention.clause` numbers."""
    return [clause for clause, _ in _clauses(text)]


def groups() -> list[str]:
    """Return the names of all groups."""
    return list(_lexicon().groups)


def _clauses(text: str) -> list[tuple[str, bool]]:
    found = []
    start, comma = 0, False
    for cut in _CLAUSE.finditer(text):
        found.append((text[start : cut.start()], comma))
        start, comma = cut.end(), cut["comma"] is not None
    found.append((text[start:], comma))
    return [(clause, comma) for clause, comma in found if clause]


def _state(lexicon: _Lexicon, clause: str, match: re.Match[str]) -> State:
    before, after = clause[: match.start()], clause[match.end() :]
    # Doubt is the weaker guard: "no suspected recurrence" denies.
    if lexicon.negators.before.search(before) or lexicon.negators.after.match(after):
        return "denied"
    if lexicon.doubts.before.search(before) or lexicon.doubts.after.match(after):
        return "doubtful"
    return "said"


@cache
def _lexicon() -> _Lexicon:
    file = resources.files("fhir_mappings.terminology").joinpath("lexicon.yaml")
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return _Lexicon(
        {
            group: [(meaning, _phrases(patterns)) for meaning, patterns in classes.items()]
            for group, classes in content["groups"].items()
        },
        {group: _all_phrases(classes) for group, classes in content["groups"].items()},
        _guard(content["negators"]),
        _guard(content["doubts"]),
    )


def _all_phrases(classes: dict[str, list[str]]) -> re.Pattern[str] | None:
    phrases = [phrase for phrases in classes.values() for phrase in phrases]
    return None if any(phrase.startswith("^") for phrase in phrases) else _phrases(phrases)


def _phrases(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def _guard(words: dict[str, list[str]]) -> _Guard:
    before, after = "|".join(words["before"]), "|".join(words["after"])
    return _Guard(
        re.compile(rf"(?<!\w)(?:{before})(?!\w)(?:\W+\w+){{0,{_REACH}}}\W*$", re.IGNORECASE),
        re.compile(rf"(?:\W+\w+){{0,3}}?\W*(?<!\w)(?:{after})(?!\w)", re.IGNORECASE),
    )
