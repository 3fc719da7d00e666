"""Whatever is sent by the published description of the API, there is no error of ours."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from cds_service.store.store import Store
from tests.cds_service.api.calling import app_with, call

APP = app_with()
API = schemathesis.openapi.from_dict(call("GET", "/openapi.json", APP).json())


@API.parametrize()
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_no_request_by_the_description_breaks_the_service(case: "schemathesis.Case[Any]") -> None:
    how: dict[str, Any] = dict(case.as_transport_kwargs(base_url="http://cds"))
    parts: dict[str, Any] = {
        name: how[name] for name in ("headers", "params", "json", "files") if name in how
    }
    if isinstance(data := how.get("data"), str | bytes):
        parts["content"] = data

    response = call(how["method"], how["url"], APP, **parts)

    assert response.status_code < 500, response.text


@pytest.fixture(autouse=True, scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Feedback is kept while the API is tried; without a store it is refused with 503."""
    state = APP.state.service
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'fuzz.db'}")
    APP.state.service = msgspec.structs.replace(state, store=store)
    yield
    store.close()
