"""Formulas of a guideline file, compiled to implicants."""

from typing import Any

from cds_service.documents import Place
from cds_service.guideline.errors import PlacedError
from cds_service.guideline.formula import (
    Formula,
    all_of,
    any_of,
    criteria_of,
    term,
)
from cds_service.guideline.model import Path
from cds_service.guideline.schema import GuidelineFile
from cds_service.guideline.switches import Switches


class FormulaCompiler:
    """Compiles ``any``, ``all``, criteria, ``~criteria``, named formulas and switches."""

    def __init__(self, file: GuidelineFile, switches: Switches) -> None:
        self._file = file
        self._switches = switches
        self._readings: list[str] = []

    def path(self, content: Any, place: Place, common: Path | None) -> Path:  # noqa: ANN401
        """Compile the formula of a heading, with what every order has to fulfil.

        Raises:
            PlacedError: a name is unknown, or the form is none that is known.
        """
        self._readings = []
        formula = self._formula(content, place, ())
        if common is not None:
            formula = all_of((common.formula, formula))
            self._readings = [*common.readings, *self._readings]
        ids = criteria_of(formula)
        ordered = tuple(name for name in self._file.criteria if name in ids)
        return Path(formula, ordered, tuple(dict.fromkeys(self._readings)))

    def _formula(self, content: Any, place: Place, within: tuple[str, ...]) -> Formula:  # noqa: ANN401
        value, chosen = self._switches.resolve(content, place)
        self._readings += chosen
        if isinstance(value, str):
            return self._name(value, place, within)
        if isinstance(value, dict) and set(value) in ({"any"}, {"all"}):
            ((kind, parts),) = value.items()
            if isinstance(parts, list):
                formulas = [
                    self._formula(part, (*place, kind, number), within)
                    for number, part in enumerate(parts)
                ]
                return any_of(formulas) if kind == "any" else all_of(formulas)
        raise PlacedError(place, "a formula is a criterion, ~criterion, formula name, any or all")

    def _name(self, name: str, place: Place, within: tuple[str, ...]) -> Formula:
        criterion = name.removeprefix("~")
        if criterion in self._file.criteria:
            return term(criterion, presumed=name.startswith("~"))
        if name in within:
            raise PlacedError(place, f"formula {name} is defined by itself")
        if name not in self._file.formulas:
            raise PlacedError(place, f"no criterion or formula {name}")
        return self._formula(self._file.formulas[name], ("formulas", name), (*within, name))
