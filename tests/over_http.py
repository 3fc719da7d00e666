"""Signing the orders of a case over HTTP, inside one process."""

from datetime import date
from functools import cache
from typing import Any

from fastapi import FastAPI

from cds_service.answer.assessment import EXTENSION
from cds_service.cli.compose import compose_request
from tests.cds_service.api.calling import app_with, cards_of

Json = dict[str, Any]


@cache
def service(today: date) -> FastAPI:
    """The service, on a day."""
    return app_with(today=today)


def sign_over_http(case: Json) -> list[Json]:
    """Sign the orders of a case; return the assessment of each likelihood card."""
    request = compose_request(case["bundle"], case.get("unavailable") or ())
    cards = cards_of(request, service(date.fromisoformat(case["evaluatedOn"])))
    return [card["extension"][EXTENSION] for card in cards if "extension" in card]
