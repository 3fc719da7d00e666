"""Draws ``docs/cards.svg``: the cards of a sample order, as the demo shows them.

Run ``python docs/picture.py`` after cards have changed.
"""

import asyncio
import io
import json
import re
from pathlib import Path

import httpx
from rich.console import Console

from cds_service.api.app import create_app
from cds_service.cli.compose import compose_request
from cds_service.cli.demo import SAMPLES_SIGNED_ON, card_panel
from cds_service.settings import Settings

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_bundles" / "16-retroperitoneum-no-histology.json"
PICTURE = ROOT / "docs" / "cards.svg"
WIDTH = 118


async def cards() -> list[dict[str, object]]:
    """Sign the order of the sample, and return its cards."""
    app = create_app(Settings(today=SAMPLES_SIGNED_ON))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
        request = compose_request(json.loads(SAMPLE.read_text()))
        response = await client.post("/cds-services/iort-coverage", json=request)
    found: list[dict[str, object]] = response.json()["cards"]
    return found


def main() -> None:
    """Draw the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    for card in asyncio.run(cards()):
        console.print(card_panel(card))
    drawn = console.export_svg(title="Signing an IORT order")
    # The reader's own monospaced font will do; nothing is loaded from elsewhere.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    PICTURE.write_text(re.sub(r"terminal-\d+", "terminal", drawn))


if __name__ == "__main__":
    main()
