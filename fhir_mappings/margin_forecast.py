"""Forecasts of a margin: what surgeons and radiologists expect, plan or doubt is no result."""

from typing import Literal, NamedTuple

from fhir_mappings.terminology.lexicon import Mention, clauses, mentions


class Forecast(NamedTuple):
    """What a text forecasts, and what it says besides.

    Attributes:
        status: how the margin is expected to be; None where that is negative or not said.
        rest: the text without its forecasts, in which results may be looked for.
    """

    status: Literal["involved", "close"] | None
    rest: str


def read_forecast(text: str, *, about_margin: bool = False, forecast: bool = False) -> Forecast:
    """Take the forecasts out of a text.

    Args:
        text: such as ``Close margin to SMV anticipated``.
        about_margin: whether the context says that the text is about a margin.
        forecast: whether the context says that it is a forecast.
    """
    stated = mentions("expected-margin", text)
    text = text.replace(":", " ") if not stated else text
    expected = mentions("forecast", text)
    if not (stated or expected or forecast):
        return Forecast(None, text)  # as in most texts
    told = [one for one in stated if one.state == "said"]
    guessing = _guessing(text, expected, about_margin=about_margin, forecast=forecast)
    firm = {one.clause for one in expected if one.meaning == "expected"}
    told += [
        one
        for one in (mentions("margin-forecast", text) if guessing else ())
        if one.state == "said" and one.clause in guessing and (forecast or one.clause in firm)
    ]
    taken = guessing | {one.clause for one in stated}
    rest = [clause for number, clause in enumerate(clauses(text)) if number not in taken]
    return Forecast(_worst(told), ", ".join(rest) if taken else text)


def _guessing(
    text: str, expected: list[Mention], *, about_margin: bool, forecast: bool
) -> set[int]:
    """Return the clauses that forecast something about a margin."""
    everything = range(len(clauses(text)))
    about = set(everything) if about_margin else _where(mentions("margin-subject", text))
    if not about:
        return about
    return about & (set(everything) if forecast else _where(expected))


def _where(found: list[Mention]) -> set[int]:
    return {one.clause for one in found}


def _worst(told: list[Mention]) -> Literal["involved", "close"] | None:
    meanings = {one.meaning for one in told}
    if "involved" in meanings:
        return "involved"
    return "close" if "close" in meanings else None
