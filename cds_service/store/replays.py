"""Tokens that were used before, known to all workers: a unique key in the store."""

import time
from collections.abc import Callable

from anyio import to_thread
from sqlalchemy import select

from cds_service.store.errors import StoreError
from cds_service.store.models import TokenRow
from cds_service.store.store import Store, insert_into
from cds_service.trust.replays import ReplaysError, Use


class StoredReplays:
    """Remembers which tokens were used in a database, so that it holds over several workers."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def use(self, issuer: str, jti: str, token_hash: str, expires: float) -> Use:
        """Note that a token is used, and tell whether its id was used before.

        Args:
            issuer: who issued the token.
            jti: its id.
            token_hash: SHA-256 of the token.
            expires: seconds since 1970 from when on it may be forgotten.

        Raises:
            ReplaysError: the store cannot be used.
        """
        row: dict[str, object] = {
            "issuer": issuer,
            "jti": jti,
            "token_hash": token_hash,
            "expires": expires,
        }
        try:
            # Whoever has no more time for the answer does not wait; the token is used then too.
            return await to_thread.run_sync(self._use, row, abandon_on_cancel=True)
        except StoreError as error:
            raise ReplaysError(str(error)) from None

    def _use(self, row: dict[str, object]) -> Use:
        with self._store.begin() as connection:
            insert = insert_into(connection, TokenRow).values(row)
            # One statement inserts or, over an id that expired, replaces: whoever comes second,
            # in whatever process, finds the row. It stays locked until the hash has been read.
            first = connection.scalar(
                insert.on_conflict_do_update(
                    index_elements=[TokenRow.issuer, TokenRow.jti],
                    set_={
                        "token_hash": insert.excluded.token_hash,
                        "expires": insert.excluded.expires,
                    },
                    where=TokenRow.expires <= self._clock(),
                ).returning(TokenRow.jti)
            )
            if first is not None:
                return "first"
            known = connection.scalar(
                select(TokenRow.token_hash).where(
                    TokenRow.issuer == row["issuer"], TokenRow.jti == row["jti"]
                )
            )
        return "same" if known == row["token_hash"] else "other"
