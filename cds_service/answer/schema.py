"""The JSON Schema of the assessment, made from the type that writes it."""

import inspect
from typing import Any, Final

import msgspec

from cds_service.answer.assessment import SCHEMA_VERSION, Assessment

# A card leaves empty members out, as CDS Hooks asks; replay writes them all.
_LEFT_OUT: Final = {"Assessment": ("order",), "CriterionResult": ("evidence",)}


def assessment_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an assessment, on a card or from replay."""
    schema = msgspec.json.schema(Assessment)
    for name, part in schema["$defs"].items():
        part["description"] = inspect.cleandoc(part["description"])
        omitted = _LEFT_OUT.get(name, ())
        part["required"] = [one for one in part["required"] if one not in omitted]
    schema["$defs"]["Assessment"]["required"].append("schemaVersion")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:iort-cds:assessment:{SCHEMA_VERSION}",
        "title": "Assessment of an order for intraoperative radiation therapy",
        **schema,
    }
