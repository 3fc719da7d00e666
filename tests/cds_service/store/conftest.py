"""Each test of the store runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.store.store import Store
from tests.postgres import Server, postgresql

__all__ = ["Server", "postgresql", "store", "url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database() as address:
        yield address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store without content."""
    opened = Store.open(url)
    yield opened
    opened.close()
