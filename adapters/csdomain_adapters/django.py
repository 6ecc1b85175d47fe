"""Django: models and csdomain in one transaction, on the database connection that Django has (D11)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from django.db import transaction

from csdomain.desk import Desk, Services
from csdomain.kernel.rules.errors import Conflict, DomainError, RuleBroken, StoreFailure
from csdomain.kernel.store.ports import Call, Store, Unit

R = TypeVar("R")
_log: Final = logging.getLogger("csdomain.django")


@contextmanager
def atomic(
    desk: Desk, using: str | None = None, *, savepoint: bool = True, durable: bool = False
) -> Iterator[Services]:
    """``transaction.atomic`` with the contexts of ``desk`` in it: models and csdomain commit together, or not at all.

    ``using`` is the alias of the database that the desk is on too; blocks nest as Django's do. Django begins, commits
    and rolls back. A refusal that leaves the outermost block is kept after the rollback; inside another block,
    ``error.refusal`` has the record. Raises StoreBusy where the block is worth another try from its beginning. [KRN-15]
    """
    connection = transaction.get_connection(using)
    outermost = connection.get_autocommit() and not connection.in_atomic_block
    try:
        with transaction.atomic(using=using, savepoint=savepoint, durable=durable):
            yield within(desk, using)
    except RuleBroken as error:
        if outermost:
            _keep(desk, error)
        raise


def within(desk: Desk, using: str | None = None) -> Services:
    """The contexts of ``desk`` in the atomic block that is open on ``using``: a view's, by ``ATOMIC_REQUESTS``.

    Raises MissingBackend where Django's driver is not the desk's. What it gives is for that block; begin anew in the
    next. Where no block is open, each use case raises NoTransaction. [KRN-15]
    """
    connection = transaction.get_connection(using)
    connection.ensure_connection()
    return desk.over(_Marking(desk.store.within(connection.connection), connection))


class _Marking:
    """A store that tells Django when its transaction has come to harm, so that it is rolled back whoever swallows that.

    PostgreSQL would answer the commit with success and keep nothing; SQLite would keep half a use case.
    """

    def __init__(self, store: Store, connection: Any) -> None:
        self._store = store
        self._connection = connection

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        self._connection.validate_no_broken_transaction()
        try:
            return self._store.run(work, call)
        except BaseException as error:
            if self._connection.in_atomic_block and not _harmless(error):
                self._connection.needs_rollback = True
                self._connection.rollback_exc = error
            raise

    def look(self, work: Callable[[Unit], R], /) -> R:
        return self.run(work)


def _harmless(error: BaseException) -> bool:
    """Whether the transaction is as it was before: csdomain refused, and the database did not."""
    if isinstance(error, Conflict):
        return "database" not in error.facts
    return isinstance(error, DomainError) and not isinstance(error, StoreFailure)


def _keep(desk: Desk, error: RuleBroken) -> None:
    record = error.refusal
    if record is None:
        return
    try:
        desk.store.run(lambda unit: unit.session.add_refusal(record))
    except StoreFailure:
        # What was refused matters more to the caller than that nobody will read of it.
        _log.warning("a refusal of %s could not be kept", record.use_case)
