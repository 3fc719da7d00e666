"""The audit: records of answers, written behind the back of those who wait for the answer.

A request only puts its records into a queue that has a bound. What does not fit is dropped and
counted: no answer is delayed or fails because of the audit.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from cds_service.faults import place_of
from cds_service.store.errors import StoreError
from cds_service.store.records import Answer, Record, RecordMaker
from cds_service.store.store import Store

CAPACITY: Final = 10_000  # answered orders, of some kilobytes each
_BATCH: Final = 200
_PAUSE: Final = 1.0  # seconds until the store is tried again; doubled up to the longest
_LONGEST_PAUSE: Final = 30.0
_DAY: Final = 86_400.0
_MINUTE: Final = 60.0
_log = logging.getLogger(__name__)


class Audit:
    """Takes answers and writes their records in a thread of its own.

    Args:
        store: where records are kept; None for none, nothing is recorded then.
        hash_key: the key under which patients are hashed.
        retention_days: days after which stored records are deleted, once a day.
        capacity: how many answered orders may wait to be written.
        on_drop: told how many were lost, whenever some are.

    Attributes:
        dropped: how many answered orders were not recorded.
    """

    def __init__(
        self,
        store: Store | None,
        *,
        hash_key: str = "",
        retention_days: int = 730,
        capacity: int = CAPACITY,
        on_drop: Callable[[int], None] | None = None,
    ) -> None:
        self.dropped = 0
        self._on_drop = on_drop
        self._store = store
        self._maker = RecordMaker(hash_key)
        self._retention_days = retention_days
        self._capacity = capacity
        self._waiting: deque[Record] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._logged_at = -_MINUTE
        self._unlogged = 0
        self._thread: threading.Thread | None = None
        if store is not None:
            self._thread = threading.Thread(
                target=self._run, args=(store,), name="audit", daemon=True
            )
            self._thread.start()

    def record(self, answer: Answer) -> None:
        """Record an answer; returns at once and never raises."""
        if self._store is None:
            return
        try:
            records = list(self._maker.records(answer))
        except Exception as error:  # noqa: BLE001 - an answer must not fail because of its record
            _log.error("an answer could not be recorded: %s", place_of(error))
            self._drop(max(1, len(answer.assessed)))
            return
        with self._changed:
            room = 0 if self._closing else self._capacity - len(self._waiting)
            self._waiting.extend(records[:room])
            self._changed.notify_all()
        self._drop(len(records[room:]))

    def close(self, timeout: float = 5.0) -> None:
        """Write what is waiting and stop; what is not written in time is dropped.

        Args:
            timeout: seconds that may take.
        """
        if self._thread is None:
            return
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            left = len(self._waiting)
            self._waiting.clear()
        self._drop(left)

    def _drop(self, count: int) -> None:
        """Count what is lost, and say so once a minute."""
        if not count:
            return
        if self._on_drop is not None:
            self._on_drop(count)
        now = time.monotonic()
        with self._changed:
            self.dropped += count
            self._unlogged += count
            if now - self._logged_at < _MINUTE:
                return
            self._logged_at, lost, self._unlogged = now, self._unlogged, 0
        _log.error("answers that were not recorded: %d", lost)

    def _run(self, store: Store) -> None:
        clean_at = time.monotonic()
        pause = _PAUSE
        while True:
            if time.monotonic() >= clean_at:
                self._clean(store)
                clean_at = time.monotonic() + _DAY
            batch = self._next(clean_at)
            if not batch:
                if self._closing:
                    return
            elif self._write(store, batch):
                pause = _PAUSE
            elif not self._wait(pause):
                return
            else:
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _next(self, until: float) -> list[Record]:
        """Wait for records; they stay in the queue, and count there, until they are written."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._closing, max(0.0, until - time.monotonic())
            )
            return [self._waiting[n] for n in range(min(_BATCH, len(self._waiting)))]

    def _write(self, store: Store, batch: list[Record]) -> bool:
        """Write a batch; False where it is worth trying again."""
        try:
            store.save_answers(batch)
        except StoreError as error:
            if error.passing:
                return False
            self._write_each(store, batch)
        with self._changed:
            for _ in batch[: len(self._waiting)]:  # nothing is left when closing took too long
                self._waiting.popleft()
        return True

    def _write_each(self, store: Store, batch: list[Record]) -> None:
        """Write one by one, so that a record that the database refuses costs only itself."""
        for record in batch:
            try:
                store.save_answers([record])
            except StoreError:
                self._drop(1)

    def _wait(self, pause: float) -> bool:
        """Wait before the next try; False when there is to be none."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._closing, pause)

    def _clean(self, store: Store) -> None:
        try:
            store.delete_older_than(self._retention_days)
        except StoreError as error:
            _log.warning("old records could not be deleted: %s", error)
