"""A store on Django's connections, by their alias: what ``csdomain.open("django:default")`` opens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, cast
from weakref import WeakSet

import django
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.db.utils import ConnectionDoesNotExist

from csdomain.desk import adapter
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import MissingBackend, fact_labels
from csdomain.kernel.store.ports import OpenStore
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage

fact_labels({"store": "存储"})
HOSTED: Final = "csdomain.hosted"
VENDORS: Final = ("sqlite", "postgresql")
_opened: Final[WeakSet[Any]] = WeakSet()


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


def open_store(url: str, stored: Sequence[Stored], backstage: Backstage, options: Mapping[str, object]) -> OpenStore:
    """The store at ``django:ALIAS``. Raises MissingBackend where there is no such database, or no project.

    Raises TypeError for any option but ``upgrade``, which changes nothing: connections and tables are Django's.
    """
    for name in options.keys() - {"upgrade"}:
        raise TypeError(f"csdomain.open: a desk on Django's connections has no option {name!r}: it stands in DATABASES")
    alias = url.partition(":")[2].strip("/") or DEFAULT_DB_ALIAS
    try:
        if not (apps.ready or apps.loading):  # outside of manage.py: the command line of csdomain
            django.setup()
        module, vendor = hosted(alias)
    except ImproperlyConfigured:
        wanted = Text("DJANGO_SETTINGS_MODULE names the settings of a project", "DJANGO_SETTINGS_MODULE 指明项目设置")
        raise MissingBackend(store="django", accepted=wanted) from None
    except ConnectionDoesNotExist:
        known = ", ".join(sorted(connections))
        raise MissingBackend(given=alias, accepted=Text(known, known)) from None
    store = module.HostedStore(DjangoHost(alias), vendor, stored, backstage)
    _opened.add(store)
    return cast("OpenStore", store)


def keep_rulebooks_anew(alias: str) -> None:
    """Tell the stores on ``alias`` that its tables may have been emptied."""
    for store in list(_opened):
        if store.host.alias == alias:
            store.forget()
