"""A store on Django's connections, by their alias: what ``csdomain.open("django:default")`` opens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, cast
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction

from csdomain.desk import adapter
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue, MissingBackend
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.ports import OpenStore
from csdomain.kernel.store.unit import Backstage

HOSTED: Final = "csdomain.hosted"
VENDORS: Final = ("sqlite", "postgresql")
_opened: Final[WeakSet[Any]] = WeakSet()


class UnknownOption(InvalidValue):
    """An option for a store on Django's connections, which has none: they are in Django's settings."""

    default_rule = PORTS
    problem = Text("A store on Django's connections takes no options.", "基于 Django 连接的存储不接受选项。")


def hosted(alias: str) -> tuple[Any, str]:
    """What makes stores and tables on a connection of Django's, and the kind of its database. Raises MissingBackend."""
    vendor = connections[alias].vendor
    if vendor not in VENDORS:
        raise MissingBackend(
            given=vendor, accepted=Text("SQLite, or PostgreSQL by psycopg 3", "SQLite，或使用 psycopg 3 的 PostgreSQL")
        )
    return adapter(HOSTED, vendor), vendor


class DjangoHost:
    """What csdomain asks of the database that an alias stands for."""

    error: type[Exception] = Error
    migrating = "python manage.py migrate"

    def __init__(self, alias: str) -> None:
        self.alias = alias

    @property
    def connection(self) -> Any:
        """This thread's connection."""
        return connections[self.alias]

    def database(self) -> str:
        """The name of the database, which is another's in tests."""
        return str(self.connection.settings_dict["NAME"])

    def inside(self) -> bool:
        """Whether a block is open in this thread, or Django commits nothing by itself."""
        connection = self.connection
        by_itself = connection.settings_dict["AUTOCOMMIT"] if connection.connection is None else connection.autocommit
        return bool(connection.in_atomic_block or not by_itself)

    @contextmanager
    def block(self, *, reading: bool = False) -> Iterator[Any]:
        """``transaction.atomic``, with the driver's own connection."""
        connection, alone = self.connection, not self.inside()
        connection.validate_no_broken_transaction()
        with ExitStack() as stack:
            if alone and connection.vendor == "sqlite":
                stack.enter_context(_mode(connection, None if reading else "IMMEDIATE"))
            elif connection.vendor == "sqlite" and not connection.in_atomic_block:
                _begin(connection)
            stack.enter_context(transaction.atomic(using=self.alias))
            if alone and reading and connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection.connection
            if reading:
                transaction.set_rollback(True, using=self.alias)

    def on_commit(self, then: Callable[[], None], /) -> None:
        """Django calls it when the outermost block is committed, and never where a block around it was undone."""
        transaction.on_commit(then, using=self.alias, robust=True)

    def drop(self) -> None:
        """Close it; Django opens another."""
        self.connection.close()


def _begin(connection: Any) -> None:
    """Where Django commits nothing by itself SQLite begins with the first change; a savepoint before that commits."""
    connection.ensure_connection()
    if not connection.connection.in_transaction:
        connection.connection.execute("BEGIN IMMEDIATE")


@contextmanager
def _mode(connection: Any, mode: str | None) -> Iterator[None]:
    """How a transaction of SQLite's begins: one that reads takes no lock, one that writes takes it at once.

    One that turns into a writer on its way would fail at once, whatever time-out is set.
    """
    connection.ensure_connection()  # which sets what the settings say
    usual = connection.transaction_mode
    connection.transaction_mode = mode and (usual if usual == "EXCLUSIVE" else mode)
    try:
        yield
    finally:
        connection.transaction_mode = usual


def open_store(url: str, kinds: Sequence[Kind[Any]], backstage: Backstage, options: Mapping[str, object]) -> OpenStore:
    """The store at ``django:ALIAS``. Raises UnknownOption, MissingBackend, ConnectionDoesNotExist (Django's)."""
    if options:
        raise UnknownOption(option=sorted(options)[0])
    alias = url.partition(":")[2].strip("/") or DEFAULT_DB_ALIAS
    module, vendor = hosted(alias)
    store = module.HostedStore(DjangoHost(alias), vendor, kinds, backstage)
    _opened.add(store)
    return cast("OpenStore", store)


def keep_rulebooks_anew(alias: str) -> None:
    """Tell the stores on ``alias`` that its tables may have been emptied."""
    for store in list(_opened):
        if store.host.alias == alias:
            store.forget()
