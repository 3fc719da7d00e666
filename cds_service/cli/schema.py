"""``iort-cds schema``: the JSON Schema of the answers."""

import json

import typer

from cds_service.answer.schema import assessment_schema


def schema() -> None:
    """Print the JSON Schema of an assessment, as on a card and from replay."""
    typer.echo(json.dumps(assessment_schema(), indent=2))
