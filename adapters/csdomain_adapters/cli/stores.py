"""The database that a command works on: it is there already, unless a command says that it may make one."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, cast

from csdomain import desk as desks
from csdomain.desk import Desk, Services
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue, NotFound, StoreFailure, fact_labels
from csdomain.kernel.store.ports import OpenStore
from csdomain.rulebook import Rulebook

from .files import there

fact_labels({"database": "数据库", "group": "类别"})
SCHEMAS: Final = "csdomain.schemas"
_FORMS: Final = "sqlite:///desk.db, postgresql+psycopg://user@host/database, mariadb+pymysql://user@host/database"


class MalformedAddress(InvalidValue):
    """An address of a store that cannot be read. It is not repeated: it may hold a password."""

    default_rule = PORTS
    problem = Text("This is no address of a database.", "这不是数据库地址。")


class NoDatabase(NotFound):
    """There is no database at the address, and the command makes none."""

    problem = Text("There is no such database.", "没有这个数据库。")


class NewerDatabase(StoreFailure):
    """The tables of the database are of a newer csdomain than this one: nothing here can bring them up to date."""

    problem = Text("The database is of a newer csdomain.", "数据库属于更新版本的 csdomain。")


def file_of(url: str) -> Path | None:
    """The file that an address names, None where it is a server's or no SQL store's. Raises MalformedAddress."""
    if desks.scheme(url) not in entry_points(group=SCHEMAS).names:
        return None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    malformed = MalformedAddress(accepted=Text(_FORMS, _FORMS))
    try:
        address = make_url(url)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an option that the driver would pass over
            address.get_dialect()().create_connect_args(address)
    except (ArgumentError, ValueError, TypeError, Warning):
        raise malformed from None
    except ImportError:
        return None  # the store says what to install
    if address.get_backend_name() != "sqlite":
        return None
    name = address.database or ""
    if address.host or name in ("", ":memory:"):
        raise malformed
    return Path(name.removeprefix("file:").partition("?")[0] if name.startswith("file:") else name)


def holds_tables(file: Path) -> bool:
    """Whether a file is there and has tables of csdomain. A store would make or change it before it could say so."""
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute("select 1 from sqlite_master where name glob 'csd_*'").fetchone() is not None
    except sqlite3.Error as error:
        return error.sqlite_errorcode != sqlite3.SQLITE_NOTADB  # of all else the store says what is wrong


def check(url: str, *, create: bool = False) -> None:
    """Refuse an address without a database, or with ``create`` one that cannot be brought up to date.

    Raises MissingBackend, MalformedAddress, NoDatabase, NewerDatabase.
    """
    desks.adapter(desks.STORES, desks.scheme(url))
    file = file_of(url)
    if file is None or holds_tables(file) or (create and file.is_file()):
        if create and desks.scheme(url) in entry_points(group=SCHEMAS).names:
            tables = schema(url)
            found = tables.current(url) or ""
            if found.isdecimal() and found > tables.head:
                accepted = Text("a newer csdomain", "更新版本的 csdomain")
                raise NewerDatabase(actual=found, expected=tables.head, accepted=accepted)
        return
    if not create:
        make = "csdomain db upgrade URL"
        raise NoDatabase(database=file, accepted=Text(f"{make} makes one", f"用 {make} 新建"))
    if file.exists() or not file.absolute().parent.is_dir():
        raise NoDatabase(database=file, accepted=Text("a file in a folder that is there", "已存在文件夹中的文件"))


def desk(url: str, rulebook: str, *, create: bool = False) -> Desk:
    """A desk to work with. Without ``create`` it makes no database and changes no table.

    Raises what :func:`check` and ``csdomain.open`` raise.
    """
    check(url, create=create)
    return desks.open(url, book(rulebook), upgrade=create)


@contextmanager
def reading(url: str, rulebook: str) -> Iterator[Services]:
    """The contexts of a desk for questions alone: nothing is written, not even which rulebook was used."""
    check(url)
    house = desks.house_of(book(rulebook))
    with store(url) as found:
        yield Services(found, house, _system().ids)


@contextmanager
def store(url: str) -> Iterator[OpenStore]:
    """The store for questions alone. Raises what :func:`check` raises, and SchemaOutdated."""
    check(url)
    with closing(desks.store_to_read(url)) as found:
        yield found


def now() -> datetime:
    """The present instant."""
    return cast("datetime", _system().clock.now())


def _system() -> Any:
    return desks.adapter("csdomain.system", "system")()


def book(name: str) -> Rulebook:
    """A rulebook that ships, a TOML file, or a folder. Raises NoSuchFile, NotFound, RulebookInvalid."""
    return book_of(Path(name)) if name.endswith(".toml") else desks.load_rulebook(name)


def book_of(file: Path) -> Rulebook:
    """The rulebook of a file, or of a folder. Raises NoSuchFile, RulebookInvalid, OSError."""
    if not file.is_dir():
        there(file)
    return desks.load_rulebook(file)


def schema(url: str) -> Any:
    """What ``csdomain db`` asks of a database. Raises MissingBackend, MalformedAddress."""
    found = desks.adapter(SCHEMAS, desks.scheme(url))
    file_of(url)
    return found
