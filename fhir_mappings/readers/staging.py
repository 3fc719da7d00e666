"""T and N categories, wherever they live: coded, as text, in stages, in stage groups."""

import re
from collections.abc import Iterator
from typing import Literal

from fhir_mappings.facts import Category, NotUnderstood
from fhir_mappings.findings import Finding, Origin, Reading, show
from fhir_mappings.readers.results import Result
from fhir_mappings.tnm import Axis, Basis, Stem, Tnm, find_in_text, parse_code

_GROUP = re.compile(r"\b[cp]?(?:stage\s*)?(0|IA|1A)\b", re.IGNORECASE)
_IMPLIED: dict[str, tuple[Stem, ...]] = {
    "0": ("Tis",),
    "IA": ("T1", "N0"),
    "1A": ("T1", "N0"),
}
_AXES: tuple[tuple[str, Axis], ...] = (("obs-t", "T"), ("obs-n", "N"))


def asks_for(result: Result) -> tuple[Axis, Basis] | None:
    """Return the axis and class that an Observation's code asks for."""
    for prefix, axis in _AXES:
        if f"{prefix}-clinical" in result.classes:
            return axis, "clinical"
        if f"{prefix}-pathological" in result.classes:
            return axis, "pathological"
        if prefix in result.classes:
            return axis, "unstated"
    for question, axis in (("t", "T"), ("n", "N")):
        if question in result.questions:
            text = (result.code.text if result.code else None) or ""
            basis: Basis = "clinical" if "c" + axis in text else "unstated"
            return axis, "pathological" if "p" + axis in text else basis
    return None


def read_category(reading: Reading, origin: Origin, result: Result) -> Iterator[Finding]:
    """Read a T or N category that a result's code asks for, or that its value plainly is."""
    asked = asks_for(result)
    found = list(_categories(reading, result, asked))
    for category, path, value, text, mapped in found:
        yield _finding(origin, category, path, value, text=text, mapped=mapped)
    if asked and not found and result.has_value and not result.absent:
        value = show(result.concept) or result.text or "a value"
        evidence = origin.evidence(result.value_path, value)
        about: Literal["T", "N"] = "T" if asked[0] == "T" else "N"
        yield origin.finding(
            "not-understood", NotUnderstood(**origin.shared(evidence), about=about), solid=True
        )


def _categories(
    reading: Reading, result: Result, asked: tuple[Axis, Basis] | None
) -> Iterator[tuple[Tnm, str, str, bool, bool]]:
    axes: list[Axis] = [asked[0]] if asked else ["T", "N"]
    basis: Basis = asked[1] if asked else "unstated"
    seen: set[str] = set()
    for number, coding, sense in reading.senses(result.concept):
        for axis in axes if sense.literal else ():
            category = parse_code(sense.literal or "", axis)
            if category is not None:
                seen.add(category.stem)
                path = f"{result.value_path}.coding[{number}]"
                classed = _classed(category, basis)
                shown = classed.text
                if coding.code != shown:
                    shown += f" ({coding.code})"
                yield classed, path, shown, False, sense.mapped
    if asked is None:
        return
    for path, text in [*result.texts, *_displays(result, bool(seen))]:
        category = parse_code(text, asked[0]) or next(
            (one for one in find_in_text(text) if one.axis == asked[0]), None
        )
        # A text that repeats its coding adds nothing; one that differs contradicts it.
        if category is not None and category.stem not in seen:
            seen.add(category.stem)
            yield _classed(category, basis), path, text, True, False


def _displays(result: Result, understood: bool) -> list[tuple[str, str]]:
    """Return the displays of a value whose codes are none of ours."""
    if understood or result.concept is None:
        return []
    return [
        (f"{result.value_path}.coding[{number}].display", coding.display)
        for number, coding in enumerate(result.concept.coding or ())
        if coding.display
    ]


def _classed(category: Tnm, basis: Basis) -> Tnm:
    """A prefix of the value says the class; without one the Observation's code does."""
    return category if category.basis != "unstated" else category._replace(basis=basis)


def read_text(origin: Origin, path: str, text: str) -> Iterator[Finding]:
    """Read the categories that free text states beyond doubt."""
    for category in find_in_text(text):
        yield _finding(origin, category, path, text, text=True, free=True)


def read_stage_group(origin: Origin, result: Result, *, before_eighth: bool) -> Iterator[Finding]:
    """Derive T and N from a stage group, where the group implies them.

    Stage 0 is Tis. Anatomic stage IA up to the seventh edition is T1 N0; the prognostic groups of
    the eighth are not.
    """
    texts = [(path, text) for path, text in result.texts]
    for number, coding in enumerate((result.concept.coding if result.concept else None) or ()):
        texts.append((f"{result.value_path}.coding[{number}]", coding.code or ""))
    for path, text in texts:
        match = _GROUP.search(text)
        stage = match[1].upper() if match else None
        stems = _IMPLIED.get(stage or "", ())
        if stage != "0" and not before_eighth:
            continue
        for stem in stems:
            axis: Axis = "T" if stem.startswith("T") else "N"
            tnm = Tnm(axis, stem, "", "unstated", "initial")
            yield _finding(origin, tnm, path, f"stage {text}")
        if stems:
            return


def _finding(
    origin: Origin,
    category: Tnm,
    path: str,
    value: str,
    *,
    text: bool = False,
    mapped: bool = False,
    free: bool = False,
) -> Finding:
    staged: Literal["pathology", "clinical-staging"] = (
        "pathology" if category.basis == "pathological" else "clinical-staging"
    )
    shown = value if category.text.lower() in value.lower() else f"{category.text}: {value}"
    evidence = origin.evidence(
        path, shown, rank="free-text" if free else staged, text=text, mapped=mapped
    )
    fact = Category(
        **origin.shared(evidence),
        axis=category.axis,
        stem=category.stem,
        detail=category.detail,
        basis=category.basis,
        phase=category.phase,
    )
    return origin.finding("category", fact, solid=True)
