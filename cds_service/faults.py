"""Naming errors of ours without quoting what they complain about."""

import traceback
from typing import Final

_FRAMES: Final = 12
_CAUSES: Final = 4


def place_of(error: BaseException) -> str:
    """Name the type of an exception and where it came from, never its message.

    Messages quote what they complain about, and here that is a patient's record.
    """
    named: list[str] = []
    one = error
    while len(named) < _CAUSES:
        frames = traceback.extract_tb(one.__traceback__)[-_FRAMES:]
        places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        named.append(f"{type(one).__name__} in {places}" if places else type(one).__name__)
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if cause is None:
            break
        one = cause
    return ", from ".join(named)
