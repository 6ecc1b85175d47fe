"""What ``csdomain db`` asks of a database by its URL."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from csdomain.contexts import stored

from . import migrate
from .dialects import make_engine, translate
from .kinds import add_missing

R = TypeVar("R")
head = migrate.HEAD


def current(url: str) -> str | None:
    """The revision that the database is at, None where it has no tables of csdomain."""
    return _with(url, migrate.current)


def upgrade(url: str) -> None:
    """Bring the database's tables up to date, those of other people's contexts too."""

    def work(engine: Engine) -> None:
        migrate.upgrade(engine)
        add_missing(engine, stored())

    _with(url, work)


def _with(url: str, work: Callable[[Engine], R]) -> R:
    engine = make_engine(url, {})
    try:
        return work(engine)
    except DBAPIError as error:
        raise translate(error) from None
    finally:
        engine.dispose()
