"""What the tests of the command line share."""

import os

import pytest

from cds_service.assess import Assessor
from cds_service.cli import start
from cds_service.factory import build_assessor
from cds_service.settings import Settings
from tests.judging import assessor


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set as on the machine on which the tests run."""
    for name in os.environ:
        if name.startswith("IORT_CDS_") and name != "IORT_CDS_REQUIRE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("IORT_CDS_STORE", "")  # no test leaves a database behind by accident
    for name in ("DEMO_ONCE", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _shipped_guideline_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading takes most of the time of a command; files of a test are loaded as ever."""

    def build(settings: Settings) -> Assessor:
        own = (settings.guideline, settings.readings, settings.local_maps, settings.payers)
        return build_assessor(settings) if any(own) else assessor()

    monkeypatch.setattr(start, "build_assessor", build)
