"""TNM categories as AJCC and UICC write them.

Two readers: `parse_code` for a field that is known to hold a category, and `find_in_text` for free
text, which accepts only what cannot be anything else: ``T1`` in ``T1-weighted``, ``T12`` or
``L4-T1`` is no category, and ``N/A`` is no N.
"""

import re
from typing import Literal, NamedTuple, cast

Stem = Literal["TX", "T0", "Tis", "T1", "T2", "T3", "T4", "NX", "N0", "N1", "N2", "N3"]
Axis = Literal["T", "N"]
Basis = Literal["clinical", "pathological", "unstated"]
Phase = Literal["initial", "post-treatment", "recurrence"]

_T = r"T\s?(?P<t>is|X|[0-4])(?P<tsub>mic?|[a-d]\d?)?(?P<tq>(?:\s?\([A-Za-z0-9+,\- ]{1,12}\))*)"
_N = r"N\s?(?P<n>X|[0-3])(?P<nsub>mi|[a-c])?(?P<nq>(?:\s?\([A-Za-z+\-, ]{1,8}\))*)"
_M = r"M\s?(?:X|[01])[a-d]?(?:\s?\([A-Za-z0-9+]{1,6}\))*"  # of no interest but may follow
_PREFIX = r"(?P<{0}>[cpyra]{{0,3}})"
_START = r"(?<![A-Za-z0-9/\-])"
_END = r"(?![A-Za-z0-9+]|-[A-Za-z0-9]|/[A-Za-z0-9])"

_CODE = {
    "T": re.compile(rf"{_PREFIX.format('prefix')}{_T}$", re.IGNORECASE),
    "N": re.compile(rf"{_PREFIX.format('prefix')}{_N}$", re.IGNORECASE),
}
_GROUP = re.compile(
    rf"{_START}{_PREFIX.format('tp')}{_T}(?:\s*,?\s*{_PREFIX.format('np')}{_N})?"
    rf"(?:\s*,?\s*{_PREFIX.format('mp')}{_M})?{_END}"
)
_LONE_N = re.compile(rf"{_START}(?P<np>[cpyr]{{1,3}}){_N}{_END}")
_NOISE = re.compile(
    r"\(finding\)|\b(?:category|stage|finding|tumou?r|ajcc|uicc)\b"
    r"|\bamerican joint committee on cancer\b",
    re.IGNORECASE,
)
_MRI = re.compile(
    r"T[12][ -]?(weighted|hyper|hypo|iso|bright|dark|signal|image|sequence|FLAIR)", re.IGNORECASE
)


class Tnm(NamedTuple):
    """One category.

    Attributes:
        axis: T or N.
        stem: ``T1``, ``Tis``, ``TX``, ``N0``.
        detail: the rest of the value: ``c``, ``mi``, ``DCIS``, ``Paget``, ``i+``, or nothing.
        basis: clinical or pathological, where the prefix says so.
        phase: before treatment, after treatment (y) or at recurrence (r).
    """

    axis: Axis
    stem: Stem
    detail: str
    basis: Basis
    phase: Phase

    @property
    def text(self) -> str:
        """The category as a clinician writes it, such as ``ypT1c`` or ``pN0(i+)``."""
        prefix = {"initial": "", "post-treatment": "y", "recurrence": "r"}[self.phase]
        prefix += {"clinical": "c", "pathological": "p", "unstated": ""}[self.basis]
        lettered = self.detail[:1].islower() and self.detail not in ("i+", "mol+")
        return f"{prefix}{self.stem}" + (
            self.detail if lettered or not self.detail else f"({self.detail})"
        )


def parse_code(text: str, axis: Axis) -> Tnm | None:
    """Read a field that holds one category and nothing else.

    Args:
        text: such as ``cT1c``, ``T1b category``, ``pN0 (i+)``.
        axis: which category the field is for.
    """
    match = _CODE[axis].match(_NOISE.sub(" ", text).strip(" .;:"))
    if match is None:
        return None
    low = axis.lower()
    return _build(axis, match["prefix"], match[low], match[f"{low}sub"], match[f"{low}q"])


def find_in_text(text: str) -> list[Tnm]:
    """Find the categories that free text states beyond doubt.

    A bare ``T1`` counts only with a class prefix, a subcategory or an N beside it; the N beside a
    prefixed T takes over that prefix.
    """
    found: list[Tnm] = []
    text = _MRI.sub(" ", text)
    for match in _GROUP.finditer(text):
        certain = match["tp"] or match["tsub"] or match["n"] or "(" in (match["tq"] or "")
        t = _build("T", match["tp"], match["t"], match["tsub"], match["tq"]) if certain else None
        n = _build("N", match["np"] or match["tp"], match["n"], match["nsub"], match["nq"])
        found.extend(one for one in (t, n) if one is not None)
    for match in _LONE_N.finditer(text):
        n = _build("N", match["np"], match["n"], match["nsub"], match["nq"])
        if n is not None and n not in found:
            found.append(n)
    return found


def _build(
    axis: Axis, prefix: str | None, value: str | None, sub: str | None, quals: str | None
) -> Tnm | None:
    prefix = (prefix or "").lower()
    if value is None or "a" in prefix:
        return None
    stem = cast("Stem", axis + {"is": "is", "x": "X"}.get(value.lower(), value))
    basis: Basis = "pathological" if "p" in prefix else "clinical" if "c" in prefix else "unstated"
    phase: Phase = (
        "post-treatment" if "y" in prefix else "recurrence" if "r" in prefix else "initial"
    )
    return Tnm(axis, stem, _detail(sub, quals or ""), basis, phase)


def _detail(sub: str | None, quals: str) -> str:
    if sub:
        return "mi" if sub.lower().startswith("mi") else sub.lower()
    low = quals.lower()
    for known in ("DCIS", "LCIS", "Paget", "i+", "mol+"):
        if f"({known.lower()})" in low.replace("( ", "(").replace(" )", ")"):
            return known
    return ""
