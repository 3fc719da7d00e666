"""Suggested Tasks: one for each document that is missing.

The Tasks are built and checked by `fhir.resources` (R4B models) once, when the service starts;
for a request only patient, date and order are filled in.
"""

from datetime import date
from typing import Any

from fhir.resources.R4B.task import Task

from cds_service.guideline.model import Criterion, Guideline


class TaskMaker:
    """Makes a Task for a criterion that is to be documented."""

    def __init__(self, guideline: Guideline) -> None:
        self._templates = {
            name: _template(guideline, criterion)
            for name, criterion in guideline.criteria.items()
            if criterion.ask_for
        }

    def make(
        self, criterion: str, patient: str, authored: date, order: str | None
    ) -> dict[str, Any]:
        """Make a Task.

        Args:
            criterion: the id of what is to be documented.
            patient: ``Patient/id``.
            authored: the day of the request.
            order: the order, if the EHR holds it; an unsaved draft must not be referred to.
        """
        task = {
            **self._templates[criterion],
            "for": {"reference": patient},
            "authoredOn": authored.isoformat(),
        }
        if order is not None:
            task["focus"] = {"reference": order}
        return task


def _template(guideline: Guideline, criterion: Criterion) -> dict[str, Any]:
    task = Task(
        status="requested",
        intent="order",
        code={"text": f"Document for coverage of IORT: {criterion.item}"},
        description=f"Please document {criterion.ask_for}. {criterion.why}",
        reasonCode={"text": f"{guideline.number} (rev. {guideline.revision}), {criterion.cite}"},
    )
    content: dict[str, Any] = task.model_dump()
    return {"resourceType": "Task", **content}
