"""The audit delays no answer and fails none, and what it loses is counted."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import msgspec
import pytest

from cds_service.store import audit as module
from cds_service.store.audit import Audit
from cds_service.store.errors import StoreError
from cds_service.store.models import AuditRow, CardRow
from cds_service.store.records import Answer, Record
from cds_service.store.store import Store
from tests.builders import breast
from tests.cds_service.store.storing import answer_for, count, dump, records_for

SECONDS = 10.0


@cache
def an_answer() -> Answer:
    return answer_for(breast())


class Slow:
    """A store that does what a test says; it cleans nothing."""

    def __init__(self, save: Callable[[Sequence[Record]], None]) -> None:
        self.save = save
        self.cleaned = 0
        self.saved: list[Record] = []

    def save_answers(self, records: Sequence[Record]) -> None:
        self.save(records)
        self.saved += records

    def delete_older_than(self, days: int) -> int:
        self.cleaned += 1
        return 0


def on(save: Callable[[Sequence[Record]], None], **options: Any) -> tuple[Audit, Slow]:
    slow = Slow(save)
    return Audit(cast("Store", slow), **options), slow


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def down(records: Sequence[Record]) -> None:
    raise StoreError("down", passing=True)


def test_what_is_recorded_is_written_with_its_cards(store: Store) -> None:
    audit = Audit(store, hash_key="key")
    for _ in range(5):
        audit.record(answer_for(breast()))
    audit.close()

    assert (count(store, AuditRow), count(store, CardRow)) == (5, 5)
    assert audit.dropped == 0


def test_what_is_recorded_is_written_soon(store: Store) -> None:
    audit = Audit(store)
    audit.record(an_answer())
    wait_for(lambda: count(store, AuditRow) == 1)
    audit.close()


def test_without_a_store_nothing_is_recorded() -> None:
    audit = Audit(None)
    audit.record(an_answer())
    audit.close()

    assert audit.dropped == 0


def test_a_store_that_hangs_delays_nobody_and_the_queue_has_a_bound() -> None:
    release = threading.Event()
    lost: list[int] = []
    audit, slow = on(
        lambda _: cast("None", release.wait(SECONDS)), capacity=10, on_drop=lost.append
    )

    answer = an_answer()
    took = []
    gc.disable()  # what all the tests before left to collect is no delay of the audit's
    for _ in range(25):
        start = time.perf_counter()
        audit.record(answer)
        took.append(time.perf_counter() - start)
    gc.enable()
    dropped = audit.dropped
    assert slow.saved == []  # it hung all the while
    release.set()
    audit.close()

    assert max(took) < 0.2
    assert dropped == sum(lost) == 15
    assert len(slow.saved) == 10


def test_several_orders_of_an_answer_are_counted_each() -> None:
    release = threading.Event()
    audit, _ = on(lambda _: cast("None", release.wait(SECONDS)), capacity=1)

    audit.record(answer_for(breast().order("cpt|77424")))

    assert audit.dropped == 1
    release.set()
    audit.close()


def test_closing_takes_no_longer_than_it_may() -> None:
    release = threading.Event()
    audit, slow = on(lambda _: cast("None", release.wait(SECONDS)))
    audit.record(an_answer())
    wait_for(lambda: slow.cleaned == 1)

    start = time.perf_counter()
    audit.close(0.05)
    took = time.perf_counter() - start
    audit.record(an_answer())
    release.set()

    assert took < 1
    assert audit.dropped == 2


def test_a_store_that_is_down_is_tried_again_until_it_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    tries: list[int] = []

    def save(records: Sequence[Record]) -> None:
        tries.append(len(records))
        if len(tries) < 4:
            down(records)

    audit, slow = on(save)
    audit.record(an_answer())
    wait_for(lambda: len(slow.saved) == 1)
    audit.close()

    assert audit.dropped == 0
    assert len(tries) == 4


def test_a_store_that_stays_down_does_not_hold_up_the_end() -> None:
    audit, slow = on(down)
    audit.record(an_answer())
    audit.record(an_answer())

    start = time.perf_counter()
    audit.close()

    assert time.perf_counter() - start < 2
    assert (slow.saved, audit.dropped) == ([], 2)


def test_a_store_that_cannot_be_reached_costs_records_and_no_answer() -> None:
    store = Store("postgresql://user@127.0.0.1:9/none")
    audit = Audit(store)
    audit.record(an_answer())
    audit.close()
    store.close()

    assert audit.dropped == 1


def test_a_record_that_is_refused_costs_only_itself() -> None:
    begun = threading.Event()

    def save(records: Sequence[Record]) -> None:
        begun.wait(SECONDS)
        if any(record.audit.hook == "refused" for record in records):
            raise StoreError("refused")

    audit, slow = on(save)
    for hook in ("a", "refused", "b"):
        audit.record(msgspec.structs.replace(an_answer(), hook=hook))
    begun.set()
    audit.close()

    assert [record.audit.hook for record in slow.saved] == ["a", "b"]
    assert audit.dropped == 1


def test_a_fault_of_ours_fails_no_answer_and_is_logged_without_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty:
        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Any:
            raise ValueError("the patient's name")

    audit, _ = on(lambda _: None)
    audit.record(msgspec.structs.replace(an_answer(), assessed=cast("Any", Faulty())))
    audit.close()

    assert audit.dropped == 2
    assert "ValueError in " in caplog.text
    assert "name" not in caplog.text


def test_what_is_lost_is_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    audit, _ = on(lambda _: None, capacity=0)

    with caplog.at_level(logging.ERROR):
        for seconds in (0, 1, 58, 1, 59):
            now[0] += seconds
            audit.record(an_answer())
    monkeypatch.undo()
    audit.close()

    assert audit.dropped == 5
    assert [one.getMessage() for one in caplog.records] == [
        "answers that were not recorded: 1",
        "answers that were not recorded: 3",
    ]


def test_what_is_old_is_deleted_at_the_start_and_then_daily(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = datetime.now(UTC) - timedelta(days=31)
    (record,) = records_for(breast())
    aged = Record(
        audit=msgspec.structs.replace(record.audit, created=old),
        cards=tuple(msgspec.structs.replace(one, created=old) for one in record.cards),
    )
    monkeypatch.setattr(module, "_DAY", 0.02)

    audit = Audit(store, retention_days=30)
    for _ in range(2):
        store.save_answers([aged])
        wait_for(lambda: dump(store) == "")
    audit.close()


def test_cleaning_that_fails_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    audit, slow = on(lambda _: None)
    audit.close()
    failing = Slow(lambda _: None)

    def fail(days: int) -> int:
        raise StoreError("the store fails: OperationalError", passing=True)

    failing.delete_older_than = fail  # type: ignore[method-assign]
    audit = Audit(cast("Store", failing))
    audit.record(an_answer())
    audit.close()

    assert slow.cleaned == 1
    assert len(failing.saved) == 1
    assert "old records could not be deleted: the store fails" in caplog.text


def test_answers_are_recorded_from_several_threads(store: Store) -> None:
    audit = Audit(store)

    def answer() -> None:
        for _ in range(20):
            audit.record(an_answer())

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    audit.close(SECONDS)

    assert (count(store, AuditRow), audit.dropped) == (80, 0)
