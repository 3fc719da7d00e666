"""What all tests of asking EHRs share."""

import pytest

from cds_service.ehr import asking


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come after milliseconds."""
    monkeypatch.setattr(asking, "_PAUSE", 0.001)
