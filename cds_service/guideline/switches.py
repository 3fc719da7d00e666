"""Switches: values of a guideline file that depend on a reading."""

from typing import Any

from cds_service.documents import Place
from cds_service.guideline.errors import PlacedError
from cds_service.guideline.schema import ReadingEntry


class Switches:
    """Takes from each switch what stands under the option that applies."""

    def __init__(self, readings: dict[str, ReadingEntry], options: dict[str, str]) -> None:
        self._readings = readings
        self._options = options
        self.used: set[str] = set()

    def resolve(self, value: Any, place: Place) -> tuple[Any, tuple[str, ...]]:  # noqa: ANN401
        """Return the value that applies and the reading that chose it, if one did.

        Raises:
            PlacedError: the reading is unknown or fixed, or an option is missing or unknown.
        """
        if not isinstance(value, dict) or "reading" not in value:
            return value, ()
        name = str(value["reading"])
        reading = self._readings.get(name)
        if reading is None or reading.fixed is not None:
            raise PlacedError(place, f"no reading {name} with options")
        given = set(value) - {"reading"}
        if given != set(reading.options):
            wanted = ", ".join(sorted(reading.options))
            raise PlacedError(place, f"the options of {name} are {wanted}")
        option = self._options.get(name)
        if option not in reading.options:
            raise PlacedError(place, f"the default of {name} is none of its options")
        self.used.add(name)
        chosen, further = self.resolve(value[option], place)
        return chosen, (name, *further)
