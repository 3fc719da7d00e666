"""Feedback that was acknowledged is kept, once, on both databases."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cds_service.hooks.feedback import Feedback, Reason
from cds_service.store.errors import StoreError
from cds_service.store.models import FeedbackRow
from cds_service.store.store import Store
from tests.cds_service.store.storing import AT, ISSUER, count, report, rows

FULL = report(
    reason=Reason(code="plan-confirmed", system="urn:x", comment="as told on the phone"),
)
WRITER = """
import sys
from datetime import UTC, datetime
from cds_service.hooks.feedback import Feedback
from cds_service.store.store import Store

store = Store.open(sys.argv[1])
for number in range(1_000_000):
    item = Feedback(card=f"card-{number}", outcome="overridden", at=datetime.now(UTC))
    store.save_feedback("", [item])
    print(number, flush=True)
"""


def test_feedback_is_kept_as_it_was_reported(store: Store) -> None:
    accepted = report("card-2", outcome="accepted", suggestions=("a", "b"))

    store.save_feedback(ISSUER, [FULL, accepted])

    overridden, other = sorted(rows(store, FeedbackRow), key=lambda row: str(row["card"]))
    assert overridden.pop("received") - AT > timedelta(0)
    assert len(overridden.pop("id")) == 64
    assert overridden == {
        "issuer": ISSUER,
        "card": "card-1",
        "outcome": "overridden",
        "at": AT,
        "suggestions": [],
        "reason_system": "urn:x",
        "reason_code": "plan-confirmed",
        "comment": "as told on the phone",
    }
    assert (other["outcome"], other["suggestions"]) == ("accepted", ["a", "b"])
    assert (other["reason_system"], other["reason_code"], other["comment"]) == (None, None, None)


def test_nothing_reported_is_nothing_kept(store: Store) -> None:
    store.save_feedback(ISSUER, [])

    assert count(store, FeedbackRow) == 0


def test_the_same_report_again_is_the_same_row(store: Store) -> None:
    store.save_feedback(ISSUER, [FULL, FULL])
    (first,) = rows(store, FeedbackRow)
    store.save_feedback(ISSUER, [report("card-2"), FULL])

    assert count(store, FeedbackRow) == 2
    assert first in rows(store, FeedbackRow)


@pytest.mark.parametrize(
    "other",
    [
        report(outcome="accepted", suggestions=("a",)),
        report(outcome="accepted", suggestions=("a", "b")),
        report(at=AT + timedelta(milliseconds=1)),
        report(reason=Reason(comment="no")),
        report("card-2"),
    ],
    ids=["outcome", "suggestions", "time", "reason", "card"],
)
def test_another_outcome_of_a_card_is_kept_besides(store: Store, other: Feedback) -> None:
    store.save_feedback(ISSUER, [report(), other])
    store.save_feedback("https://other.example.org", [report()])

    assert count(store, FeedbackRow) == 3


def test_reports_at_the_same_time_are_one_row(url: str) -> None:
    stores = [Store.open(url), Store.open(url)]
    items = [report(f"card-{number}") for number in range(12)]

    with ThreadPoolExecutor(8) as pool:
        saving = [
            pool.submit(stores[turn % 2].save_feedback, ISSUER, items[turn % 12 :] + items)
            for turn in range(60)
        ]
        for one in saving:
            one.result()

    assert count(stores[0], FeedbackRow) == 12
    for store in stores:
        store.close()


def test_any_text_can_be_kept(store: Store) -> None:
    text = "NUL \0, \N{GRINNING FACE}, ' OR 1=1 --, %s, :x " + "x" * 100_000
    reason = Reason(code=text, system=text, comment=text)

    store.save_feedback(text, [report(text, reason=reason, suggestions=(text,))])

    (row,) = rows(store, FeedbackRow)
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert (row["issuer"], row["card"], row["comment"]) == (clean, clean, clean)
    assert row["suggestions"] == [text]


def test_what_was_acknowledged_survives_a_killed_process(url: str) -> None:
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        seen += process.stdout.readlines()
    acknowledged = {f"card-{line.strip()}" for line in seen if line.endswith("\n")}

    store = Store.open(url)
    kept = {row["card"] for row in rows(store, FeedbackRow)}
    store.save_feedback(ISSUER, [report("card-after")])
    store.close()

    assert len(acknowledged) >= 40
    assert acknowledged <= kept


def test_a_store_that_is_down_says_so_and_nothing_else() -> None:
    store = Store("postgresql://user:secret@127.0.0.1:9/none")

    with pytest.raises(StoreError) as caught:
        store.save_feedback(ISSUER, [FULL])

    assert str(caught.value) == "the store fails: OperationalError"
    assert caught.value.passing
    assert caught.value.__suppress_context__
    with pytest.raises(StoreError):
        Store.open("postgresql://user:secret@127.0.0.1:9/none")
