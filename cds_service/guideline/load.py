"""Loading of a guideline from the text of its file, and of a site's readings laid over it.

Takes texts, not paths: what is read from where is decided outside the decision core.
"""

import hashlib
import json

from pydantic import ValidationError

from cds_service.documents import Document
from cds_service.guideline.compiling import compile_guideline
from cds_service.guideline.errors import GuidelineError, PlacedError
from cds_service.guideline.model import Guideline
from cds_service.guideline.schema import GuidelineFile, ReadingChoice, ReadingsFile


def load_guideline(
    text: str,
    name: str = "guideline",
    readings: str | None = None,
    readings_name: str = "readings",
) -> Guideline:
    """Load a guideline.

    Args:
        text: the YAML text of a guideline file.
        name: what errors call that file.
        readings: the YAML text of a site's own readings, laid over the defaults.
        readings_name: what errors call that file.

    Raises:
        GuidelineError: something is wrong; the message names file, line and member of each problem.
    """
    document = Document(text, name, GuidelineError)
    try:
        file = GuidelineFile.model_validate(document.data)
    except ValidationError as error:
        raise _error(document, _problems(error)) from None
    options = {key: one.default for key, one in file.readings.items() if one.default is not None}
    choices = _choices(file, readings, readings_name) if readings is not None else {}
    options.update({key: choice.option for key, choice in choices.items()})
    reviews = {key: (one.reviewed_by, one.reviewed_on) for key, one in choices.items()}
    effective = json.dumps([document.data, options], sort_keys=True, default=str)
    sha256 = hashlib.sha256(effective.encode()).hexdigest()
    guideline, problems = compile_guideline(file, options, reviews, sha256)
    if guideline is None:
        raise _error(document, problems)
    return guideline


def _choices(file: GuidelineFile, text: str, name: str) -> dict[str, ReadingChoice]:
    document = Document(text, name, GuidelineError)
    try:
        overlay = ReadingsFile.model_validate(document.data)
    except ValidationError as error:
        raise _error(document, _problems(error)) from None
    choices, problems = {}, []
    for key, value in overlay.readings.items():
        choice = ReadingChoice(option=value) if isinstance(value, str) else value
        reading = file.readings.get(key)
        if reading is None or reading.fixed is not None:
            problems.append(PlacedError(("readings", key), "no reading of this name with options"))
        elif choice.option not in reading.options:
            wanted = ", ".join(reading.options)
            problems.append(PlacedError(("readings", key), f"the options are {wanted}"))
        choices[key] = choice
    if problems:
        raise _error(document, problems)
    return choices


def _error(document: Document, problems: list[PlacedError]) -> ValueError:
    return document.error([(one.place, one.message) for one in problems])


def _problems(error: ValidationError) -> list[PlacedError]:
    # The message without the value: a file may hold what is nobody else's business.
    return [PlacedError(tuple(one["loc"]), one["msg"]) for one in error.errors(include_input=False)]
