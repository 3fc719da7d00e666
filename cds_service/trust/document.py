"""A YAML file as plain data that remembers where each member stood."""

from typing import Any

import yaml

Place = tuple[str | int, ...]


class RegistryError(ValueError):
    """A trust registry that cannot be used.

    The message names file, line and member, one problem a line, and never a value.
    """


class Document:
    """The data of a YAML file.

    Raises:
        RegistryError: it is no YAML, or names a member twice.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        self._lines: dict[Place, int] = {}
        try:
            loader = yaml.SafeLoader(content)
            node = loader.get_single_node()
            self._note(node, ())
            self.data: Any = None if node is None else loader.construct_document(node)
        except RegistryError:
            raise
        except yaml.MarkedYAMLError as error:
            # Not what the parser says of it: it quotes from the file.
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise RegistryError(f"{name}, line {line}: not readable as YAML") from None
        except (yaml.YAMLError, RecursionError, ValueError):
            raise RegistryError(f"{name}: not readable as YAML") from None

    def error(self, problems: list[tuple[Place, str]]) -> RegistryError:
        """Turn problems into one error that names file, line and member of each."""
        return RegistryError(
            "\n".join(
                f"{self.name}, line {self._line(place)}: "
                f"{'.'.join(map(str, place)) or 'file'}: {message}"
                for place, message in problems
            )
        )

    def _line(self, place: Place) -> int:
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def _note(self, node: yaml.Node | None, place: Place) -> None:
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._lines[(*place, number)] = item.start_mark.line + 1
                self._note(item, (*place, number))
        elif isinstance(node, yaml.MappingNode):
            self._note_members(node, place)

    def _note_members(self, node: yaml.MappingNode, place: Place) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:  # YAML would take the last one, unsaid
                raise RegistryError(f"{self.name}, line {line}: {name} stands here twice")
            seen.add(name)
            self._lines[(*place, name)] = line
            self._note(value, (*place, name))
