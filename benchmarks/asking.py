"""Wall time of a request whose record is asked from an EHR that is slow in one query."""

import json
import time
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.apps import SLOW_SECONDS
from benchmarks.bodies import order_sign
from benchmarks.over_http import PATH, servers

ROUNDS = 15
_LEFT = ("patient", "imagingStudies", "medicationRequests", "specimens")


def run(console: Console) -> None:
    """Measure a request with eight queries beside one with a full prefetch."""
    full = order_sign("77425")
    with servers({"service", "fhir"}) as (_, ports):
        asking = _without_prefetch(full, f"http://127.0.0.1:{ports['fhir']}/fhir")
        with httpx.Client(base_url=f"http://127.0.0.1:{ports['service']}") as client:
            walls = {"full prefetch": _median(client, full), "eight queries": 0.0}
            walls["eight queries"] = _median(client, asking)
        with httpx.Client(base_url=f"http://127.0.0.1:{ports['fhir']}") as client:
            seen = client.get("/seen").json()
    goal = 1.15 * SLOW_SECONDS + walls["full prefetch"]
    table = Table(title=f"eight queries to an EHR, one of which takes {SLOW_SECONDS * 1000:.0f} ms")
    for title in ("variant", "wall ms", "against the goal"):
        table.add_column(title, justify="left" if title == "variant" else "right")
    for name, wall in walls.items():
        shown = f"{wall / goal:.2f}x" if name != "full prefetch" else ""
        table.add_row(name, f"{wall * 1000:.1f}", shown)
    console.print(table)
    per_request = seen["queries"] / (ROUNDS + 1)
    console.print(
        f"{per_request:.0f} queries a request, over {seen['connections']} connections in all"
    )


def _without_prefetch(body: bytes, server: str) -> bytes:
    request = json.loads(body)
    request["fhirServer"] = server
    request["prefetch"] = {key: one for key, one in request["prefetch"].items() if key in _LEFT}
    return json.dumps(request).encode()


def _median(client: httpx.Client, body: bytes) -> float:
    walls = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        response = client.post(PATH, content=body)
        walls.append(time.perf_counter() - started)
        card = response.json()["cards"][0]
        found = card["extension"]["org.iort-cds.assessment"]["determination"]
        if found not in ("likely-covered", "case-by-case"):
            raise RuntimeError(f"not answered from the record: {found}")
    return median(walls[1:])
