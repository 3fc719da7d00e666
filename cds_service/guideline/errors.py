"""Errors in a guideline file, with their place."""

from cds_service.documents import Place


class GuidelineError(ValueError):
    """A guideline or readings file that cannot be used.

    The message names the file, the line and the member, one problem a line.
    """


class PlacedError(Exception):
    """One problem at one place of a file, before the line is known."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message
