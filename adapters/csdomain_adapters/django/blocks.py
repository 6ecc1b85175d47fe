"""Django: models and csdomain in one transaction, on the database connection that Django has (D11)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from django.db import transaction

from csdomain.desk import Desk, Services
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import Conflict, DomainError, InvalidValue, RuleBroken, StoreFailure
from csdomain.kernel.store.ports import Call, Store, Unit

from .store import DjangoHost

R = TypeVar("R")


class OtherDatabase(InvalidValue):
    """A block on a database that the desk is not on: it could not commit both together."""

    default_rule = PORTS
    problem = Text("The desk is on another database.", "该工作台在另一个数据库上。")


_log: Final = logging.getLogger("csdomain.django")


@contextmanager
def atomic(
    desk: Desk, using: str | None = None, *, savepoint: bool = True, durable: bool = False
) -> Iterator[Services]:
    """``transaction.atomic`` with the contexts of ``desk`` in it: models and csdomain commit together, or not at all.

    ``using`` is the alias of the database that the desk is on too; a desk on an alias knows it. Blocks nest as Django's
    do: Django begins, commits and rolls back. A refusal that leaves the outermost block is kept after the rollback;
    inside another block ``error.refusal`` has the record, and a desk on an alias keeps it with that block.

    Raises StoreBusy where the block is worth another try from its beginning; OtherDatabase. [KRN-15]
    """
    using, hosted = _alias(desk, using)
    connection = transaction.get_connection(using)
    outermost = connection.get_autocommit() and not connection.in_atomic_block
    try:
        with transaction.atomic(using=using, savepoint=savepoint, durable=durable):
            yield within(desk, using)
    except RuleBroken as error:
        if outermost or (hosted and not connection.needs_rollback):
            _keep(desk, error)
        raise


def within(desk: Desk, using: str | None = None) -> Services:
    """The contexts of ``desk`` in the atomic block that is open on ``using``: a view's, by ``ATOMIC_REQUESTS``.

    Raises MissingBackend where Django's driver is not the desk's, OtherDatabase. What it gives is for that block; begin
    anew in the next. Where no block is open, each use case raises NoTransaction. [KRN-15]
    """
    connection = transaction.get_connection(_alias(desk, using)[0])
    connection.ensure_connection()
    return desk.over(_Marking(desk.store.within(connection.connection), connection))


def _alias(desk: Desk, using: str | None) -> tuple[str | None, bool]:
    """The alias of the database, and whether the desk is on an alias itself."""
    host = getattr(desk.store, "host", None)
    if not isinstance(host, DjangoHost):
        return using, False
    if using not in (None, host.alias):
        raise OtherDatabase(given=using, accepted=Text(host.alias, host.alias))
    return host.alias, True


class _Marking:
    """A store that tells Django when its transaction has come to harm, so that it is rolled back whoever swallows that.

    PostgreSQL would answer the commit with success and keep nothing; SQLite would keep half a use case.
    """

    def __init__(self, store: Store, connection: Any) -> None:
        self._store = store
        self._connection = connection

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        with self._marking():
            return self._store.run(work, call)

    def look(self, work: Callable[[Unit], R], /) -> R:
        with self._marking():
            return self._store.look(work)

    @contextmanager
    def _marking(self) -> Iterator[None]:
        self._connection.validate_no_broken_transaction()
        try:
            yield
        except BaseException as error:
            if self._connection.in_atomic_block and not _harmless(error):
                self._connection.needs_rollback = True
                self._connection.rollback_exc = error
            raise


def _harmless(error: BaseException) -> bool:
    """Whether the transaction is as it was before: csdomain refused, and the database did not."""
    if isinstance(error, Conflict):
        return "database" not in error.facts
    return isinstance(error, DomainError) and not isinstance(error, StoreFailure)


def _keep(desk: Desk, error: RuleBroken) -> None:
    try:
        desk.keep_refusal(error)
    except StoreFailure:
        # What was refused matters more to the caller than that nobody will read of it.
        _log.warning("a refusal of %s could not be kept", error.refusal and error.refusal.use_case)
