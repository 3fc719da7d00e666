"""What real clients send is answered, or refused with a reason."""

from datetime import date
from typing import Any

import pytest

from tests.cds_service.api.calling import post
from tests.over_http import service
from tests.shared import captured_posts, needs_captured

pytestmark = needs_captured
POSTS = list(captured_posts())


@pytest.mark.parametrize(
    "captured",
    [found for _, found in POSTS],
    ids=[f"{n}-{name}" for n, (name, _) in enumerate(POSTS)],
)
def test_a_captured_call_gets_cards_or_a_clear_refusal(captured: dict[str, Any]) -> None:
    response = post(captured["body"], service(date(2026, 6, 15)))

    if response.is_success:
        assert isinstance(response.json()["cards"], list)
    else:
        assert response.status_code in range(400, 500)
        assert response.json()["message"]
