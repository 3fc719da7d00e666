"""YAML with its line numbers."""

from typing import Any

import yaml

from cds_service.guideline.errors import GuidelineError, Place, PlacedError

# The same YAML, read by libyaml where it was built in: several times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document:
    """A YAML text as plain data that remembers where each member stood."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._lines: dict[Place, int] = {}
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            self._note(node, ())
            self.data: Any = None if node is None else loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise GuidelineError(f"{name}, line {line}: {error.problem}") from error
        except (yaml.YAMLError, RecursionError) as error:
            raise GuidelineError(f"{name}: not readable as YAML") from error

    def error(self, problems: list[PlacedError]) -> GuidelineError:
        """Turn problems into one error that names file, line and member of each."""
        lines = dict.fromkeys(
            f"{self.name}, line {self._line(one.place)}: "
            f"{'.'.join(map(str, one.place)) or 'file'}: {one.message}"
            for one in problems
        )
        return GuidelineError("\n".join(lines))

    def _line(self, place: Place) -> int:
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def _note(self, node: yaml.Node | None, place: Place) -> None:
        if node is None:
            return
        self._lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._note(item, (*place, number))
        elif isinstance(node, yaml.MappingNode):
            self._note_members(node, place)

    def _note_members(self, node: yaml.MappingNode, place: Place) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise GuidelineError(f"{self.name}, line {line}: {key.value} stands here twice")
            seen.add(key.value)
            self._note(value, (*place, key.value))
            self._lines[(*place, key.value)] = key.start_mark.line + 1
