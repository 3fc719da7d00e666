"""YAML files as plain data that remembers where each member stood, for errors people can act on."""

from typing import Any

import yaml

Place = tuple[str | int, ...]

# The same YAML, read by libyaml where it was built in: several times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document:
    """A YAML text and the lines of its members."""

    def __init__(self, content: str | bytes, name: str, error: type[ValueError]) -> None:
        """Parse a text.

        Args:
            content: the text.
            name: of the file, for messages.
            error: what is raised where it cannot be used.
        """
        self.name = name
        self._error = error
        self._lines: dict[Place, int] = {}
        try:
            self.data = self._read(content)
        except error:
            raise
        except yaml.MarkedYAMLError as fault:
            # Not what the parser says of it: it quotes from the file.
            line = fault.problem_mark.line + 1 if fault.problem_mark else 1
            raise error(f"{name}, line {line}: not readable as YAML") from None
        except (yaml.YAMLError, RecursionError, ValueError):
            raise error(f"{name}: not readable as YAML") from None

    def line(self, place: Place) -> int:
        """Return the line of a member, or of the nearest one around it."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def error(self, problems: list[tuple[Place, str]]) -> ValueError:
        """Turn problems into one error that names file, line and member of each."""
        lines = dict.fromkeys(
            f"{self.name}, line {self.line(place)}: "
            f"{'.'.join(map(str, place)) or 'file'}: {message}"
            for place, message in problems
        )
        return self._error("\n".join(lines))

    def _read(self, content: str | bytes) -> Any:  # noqa: ANN401 - whatever the file holds
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
            self._note(node, ())
            return None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()

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
            line = key.start_mark.line + 1
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:  # YAML would take the last one, unsaid
                raise self._error(f"{self.name}, line {line}: {name} stands here twice")
            seen.add(name)
            self._note(value, (*place, name))
            self._lines[(*place, name)] = line
