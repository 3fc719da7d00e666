"""From the shape of a guideline file to a guideline that decides.

Checks what the shape cannot: that every fact, field, value, criterion, section, rank and reading
that is named exists. All problems are gathered before any is reported.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar, get_args

from cds_service.documents import Place
from cds_service.guideline.clauses import compile_clause, compile_target_clause
from cds_service.guideline.errors import PlacedError
from cds_service.guideline.formulas import FormulaCompiler
from cds_service.guideline.model import (
    INFERRED,
    ConfirmRule,
    Criterion,
    Document,
    Guideline,
    NoteRule,
    Path,
    Reading,
    Row,
    Says,
    Site,
    TargetRow,
    Together,
)
from cds_service.guideline.schema import (
    ClauseEntry,
    CriterionEntry,
    GuidelineFile,
    NoteEntry,
    ReadingEntry,
    RowEntry,
    TargetEntry,
    TogetherEntry,
)
from cds_service.guideline.switches import Switches
from fhir_mappings.facts import Rank, Source

_SAYS = get_args(Says)
_SITES = get_args(Site)
_SOURCES = get_args(Source)
_RANKS = (*get_args(Rank), INFERRED)
_Made = TypeVar("_Made")


def compile_guideline(
    file: GuidelineFile, options: dict[str, str], reviews: dict[str, tuple[str, str]], sha256: str
) -> tuple[Guideline | None, list[PlacedError]]:
    """Apply the readings and check every name.

    Args:
        file: the guideline file.
        options: the option that applies, per reading.
        reviews: who reviewed a reading and when.
        sha256: hash of the effective data.

    Returns:
        The guideline, or None with the problems.
    """
    compiler = _Compiler(file, options, reviews)
    guideline = compiler.guideline(sha256)
    return (None, compiler.problems) if compiler.problems else (guideline, [])


class _Compiler:
    def __init__(
        self, file: GuidelineFile, options: dict[str, str], reviews: dict[str, tuple[str, str]]
    ) -> None:
        self.file = file
        self.options = options
        self.reviews = reviews
        self.problems: list[PlacedError] = []
        self.switches = Switches(file.readings, options)

    def guideline(self, sha256: str) -> Guideline:
        """Compile all parts."""
        file = self.file
        formulas = FormulaCompiler(file, self.switches)
        common = self._try(partial(formulas.path, file.common, ("common",), None))
        paths = {
            site: self._try(partial(formulas.path, file.paths[site], ("paths", site), common))
            for site in self._known("paths", file.paths, _SITES)
        }
        made = Guideline(
            id=file.id,
            title=file.title,
            publisher=file.publisher,
            number=file.number,
            revision=file.revision,
            dates=file.dates.model_dump(),
            codes=tuple(file.codes),
            sha256=sha256,
            tiers=self._tiers(),
            targets=tuple(self._made(self._target, file.targets, ("targets",))),
            criteria={name: self._criterion(name, one) for name, one in file.criteria.items()},
            common=common or Path(frozenset(), ()),
            paths={site: path for site, path in paths.items() if path is not None},
            confirm=tuple(self._confirm()),
            notes=tuple(self._made(self._note, file.notes, ("notes",))),
            documents=tuple(self._documents()),
            readings={name: self._reading(name, one) for name, one in file.readings.items()},
        )
        if not self.problems:  # what was not compiled could not use its readings
            self._check_use()
        return made

    def _try(self, make: Callable[[], _Made]) -> _Made | None:
        try:
            return make()
        except PlacedError as problem:
            self.problems.append(problem)
            return None

    def _made(
        self, make: Callable[[Any, Place], _Made], entries: list[Any], place: Place
    ) -> Iterator[_Made]:
        for number, entry in enumerate(entries):
            made = self._try(partial(make, entry, (*place, number)))
            if made is not None:
                yield made

    def _known(self, place: str, names: dict[str, Any], allowed: tuple[str, ...]) -> list[str]:
        for name in names:
            if name not in allowed:
                self.problems.append(PlacedError((place, name), f"not one of {', '.join(allowed)}"))
        return [name for name in names if name in allowed]

    def _tiers(self) -> dict[str, tuple[int, int]]:
        tiers = {
            rank: (number, index)
            for number, tier in enumerate(self.file.ranks)
            for index, rank in enumerate(tier)
        }
        named = [rank for tier in self.file.ranks for rank in tier]
        if sorted(named) != sorted(_RANKS) or self.file.ranks[-1] != [INFERRED]:
            self.problems.append(
                PlacedError(
                    ("ranks",),
                    f"has to name each of {', '.join(_RANKS)} once, inferred last and alone",
                )
            )
        return tiers

    def _criterion(self, name: str, entry: CriterionEntry) -> Criterion:
        place: Place = ("criteria", name)
        if not entry.evidence and entry.decided_by is None and entry.always is None:
            self.problems.append(PlacedError(place, "has no evidence rows"))
        return Criterion(
            id=name,
            short=entry.short,
            item=entry.item,
            refuted=entry.refuted,
            asks=entry.asks,
            cite=self._section(entry.section, place),
            reads=self._sources(entry.reads, (*place, "reads")),
            rows=_by_kind(self._made(self._row, entry.evidence, (*place, "evidence"))),
            together=tuple(self._made(self._together, entry.together, (*place, "together"))),
            prefer=tuple(self._says_listed(entry.prefer, (*place, "prefer"))),
            prefer_over_time=entry.prefer_over_time,
            always=self._try(partial(_says, entry.always, place)) if entry.always else None,
            intraoperative=entry.intraoperative,
            boost=entry.section == "boost",
            ask_for=entry.ask_for,
            who=entry.who,
            why=entry.why,
        )

    def _row(self, entry: RowEntry, place: Place) -> Row:
        clause, tested = compile_clause(entry, place, self.switches)
        says, chosen = self.switches.resolve(entry.says, (*place, "says"))
        if entry.rank is not None and entry.rank not in _RANKS:
            raise PlacedError((*place, "as"), f"not one of {', '.join(_RANKS)}")
        return Row(
            clause,
            _says(says, (*place, "says")),
            rank=entry.rank,
            if_read=self._sources(entry.if_read, (*place, "if-read")),
            readings=(*tested, *chosen),
        )

    def _together(self, entry: TogetherEntry, place: Place) -> Together:
        says, chosen = self.switches.resolve(entry.says, (*place, "says"))
        return Together(
            facts=self._clauses(entry.facts, (*place, "facts")),
            without=self._clauses(entry.without, (*place, "without")),
            says=_says(says, (*place, "says")),
            within_days=entry.within_days,
            second_not_before_first=entry.second_not_before_first,
            same_side=entry.same_side,
            if_read=self._sources(entry.if_read, (*place, "if-read")),
            readings=chosen,
        )

    def _clauses(self, entries: list[ClauseEntry], place: Place) -> Any:  # noqa: ANN401
        return tuple(
            compile_clause(entry, (*place, number), self.switches)[0]
            for number, entry in enumerate(entries)
        )

    def _target(self, entry: TargetEntry, place: Place) -> TargetRow:
        site, by_site = self.switches.resolve(entry.site, (*place, "site"))
        says, by_says = self.switches.resolve(entry.says, (*place, "says"))
        if site not in _SITES:
            raise PlacedError((*place, "site"), f"not one of {', '.join(_SITES)}")
        return TargetRow(
            compile_target_clause(entry.when, (*place, "when"), self.switches),
            site,
            _says(says, (*place, "says")),
            (*by_site, *by_says),
        )

    def _confirm(self) -> Iterator[ConfirmRule]:
        for number, entry in enumerate(self.file.confirm):
            place: Place = ("confirm", number)
            if entry.criterion not in self.file.criteria:
                self.problems.append(PlacedError((*place, "criterion"), "no such criterion"))
            facts = self._try(partial(self._clauses, entry.facts, (*place, "facts")))
            without = self._try(partial(self._clauses, entry.without, (*place, "without")))
            yield ConfirmRule(entry.criterion, facts or (), without or ())

    def _note(self, entry: NoteEntry, place: Place) -> NoteRule:
        if entry.reading not in self.file.readings:
            raise PlacedError((*place, "reading"), f"no reading {entry.reading}")
        if entry.criterion is not None and entry.criterion not in self.file.criteria:
            raise PlacedError((*place, "criterion"), "no such criterion")
        return NoteRule(
            entry.reading,
            self._clauses(entry.facts, (*place, "facts")),
            self._clauses(entry.without, (*place, "without")),
            entry.criterion,
        )

    def _documents(self) -> Iterator[Document]:
        for name, entry in self.file.documents.items():
            cite = self._section(entry.section, ("documents", name))
            yield Document(name, entry.short, entry.asks, cite, entry.kind, entry.within_days)

    def _reading(self, name: str, entry: ReadingEntry) -> Reading:
        place: Place = ("readings", name)
        if entry.fixed is None and (len(entry.options) < 2 or entry.default not in entry.options):
            problem = "needs two or more options and a default among them, or a reason under fixed"
            self.problems.append(PlacedError(place, problem))
        if entry.fixed is not None and (entry.options or entry.default):
            self.problems.append(PlacedError(place, "is fixed and has options"))
        by, on = self.reviews.get(name, (entry.reviewed_by, entry.reviewed_on))
        return Reading(
            id=name,
            question=entry.question,
            options=tuple(entry.options),
            option=self.options.get(name, "fixed"),
            default=entry.default or "fixed",
            sentence=entry.sentence or entry.fixed or "",
            fixed=entry.fixed is not None,
            reviewed_by=by,
            reviewed_on=on,
        )

    def _check_use(self) -> None:
        for name, entry in self.file.readings.items():
            if entry.fixed is None and name not in self.switches.used:
                self.problems.append(PlacedError(("readings", name), "no rule uses this reading"))

    def _section(self, name: str, place: Place) -> str:
        if name not in self.file.sections:
            self.problems.append(PlacedError((*place, "section"), f"no section {name}"))
        return self.file.sections.get(name, name)

    def _sources(self, names: list[str], place: Place) -> Any:  # noqa: ANN401
        for name in names:
            if name not in _SOURCES:
                self.problems.append(
                    PlacedError(place, f"{name} is not one of {', '.join(_SOURCES)}")
                )
        return frozenset(names)

    def _says_listed(self, says: list[str], place: Place) -> Iterator[Says]:
        for one in says:
            made = self._try(partial(_says, one, place))
            if made is not None:
                yield made


def _by_kind(rows: Iterator[Row]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        found[row.clause.fact] = (*found.get(row.clause.fact, ()), row)
    return found


def _says(value: Any, place: Place) -> Says:  # noqa: ANN401
    if value not in _SAYS:
        raise PlacedError(place, f"not one of {', '.join(_SAYS)}")
    said: Says = value
    return said
