"""Records that nobody here made: an IORT order added for each cancer, and nothing made up."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.answer.assessment import Assessment
from tests.builders import concept
from tests.judging import judge_all
from tests.shared import BUNDLES, needs_bundles, third_party_bundles

pytestmark = needs_bundles
Json = dict[str, Any]
CANCER = re.compile(
    r"cancer|carcinoma|neoplas|sarcoma|malignan|tumou?r|leuk|lymphoma", re.IGNORECASE
)


def resources_of(bundle: Json) -> Iterator[tuple[str | None, Json]]:
    for entry in bundle.get("entry", ()):
        if isinstance(entry.get("resource"), dict):
            yield entry.get("fullUrl"), entry["resource"]


def orders_for(bundle: Json) -> Iterator[Json]:
    """An order for each cancer of a record, and one that gives no reason."""
    kinds: dict[str, list[tuple[str | None, Json]]] = {"Patient": [], "Condition": []}
    for url, resource in resources_of(bundle):
        if resource.get("resourceType") in kinds:
            name = f"{resource['resourceType']}/{resource['id']}" if "id" in resource else url
            kinds[resource["resourceType"]].append((name, resource))
    (patient, _), *_ = kinds["Patient"]
    cancers = [name for name, one in kinds["Condition"] if CANCER.search(str(one.get("code")))]
    for number, reason in enumerate([None, *cancers]):
        yield {
            "resourceType": "ServiceRequest",
            "id": f"iort-{number}",
            "status": "draft",
            "intent": "order",
            "code": concept("cpt|77425" if number % 2 else "cpt|77424"),
            "subject": {"reference": patient},
            "reasonReference": [{"reference": reason}] if reason else [],
        }


def held_by(bundle: Json) -> dict[str, Json]:
    """Every resource that evidence may cite, by the names it may be cited under."""
    held: dict[str, Json] = {}
    for url, resource in resources_of(bundle):
        names = [f"{resource.get('resourceType')}/{resource.get('id')}", url or ""]
        for name in names:
            held[name] = resource
            for inner in resource.get("contained", ()):
                held[f"{name}#{inner.get('id')}"] = inner
    return held


def made_up(assessment: Assessment, held: dict[str, Json]) -> list[str]:
    """Say which answers have no evidence, or evidence that the record does not hold."""
    wrong = []
    for one in assessment.criteria:
        if one.status != "unknown" and not one.evidence:
            wrong.append(f"{assessment.order} {one.id} is {one.status} without evidence")
        for evidence in one.evidence:
            cited = held.get(evidence.reference)
            element = evidence.path.split(".")[1].partition("[")[0].partition("(")[0]
            if cited is None:
                wrong.append(f"{assessment.order} {one.id} cites {evidence.reference}")
            elif not any(key.lstrip("_").startswith(element) for key in cited):
                wrong.append(f"{assessment.order} {one.id} cites {evidence.path}")
    return wrong


@pytest.mark.parametrize("archive", BUNDLES, ids=lambda archive: archive.name.partition(".")[0])
def test_every_answer_rests_on_what_the_record_holds(archive: Path) -> None:
    answers, wrong = 0, []
    for name, bundle in third_party_bundles(archive):
        orders = list(orders_for(bundle))
        bundle["entry"] += [{"resource": one} for one in orders]
        found = judge_all({"bundle": bundle, "evaluatedOn": "2026-06-15"})
        held = held_by(bundle)
        assert len(found) == len(orders), name
        answers += len(found)
        wrong += [f"{name}: {problem}" for one in found for problem in made_up(one, held)]

    assert answers > 200
    assert wrong == []
