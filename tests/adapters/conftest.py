"""Fixtures of the tests of stores: databases that are empty, desks on them."""

from collections.abc import Callable, Iterator

import pytest

from adapters.harness import Desks, made_tables
from backends import BACKENDS, clear
from csdomain_adapters.sql.dialects import make_engine
from csdomain_adapters.sql.migrate import upgrade

#: Where there is no server, the run's last lines say so.
collect_ignore = [] if "mariadb" in BACKENDS else ["test_mariadb.py"]


@pytest.fixture
def clean_url(shared_database_url: Callable[[str], str]) -> Callable[[str], str]:
    """The address of a database of a backend with our tables, all empty. One database for the whole run: quick."""

    def clean(backend: str) -> str:
        if backend == "memory":
            return "memory:"
        url = shared_database_url(backend)
        if (url, "") not in made_tables:
            engine = make_engine(url, {})
            upgrade(engine)
            engine.dispose()
            made_tables.add((url, ""))
        clear(url, keep="csd_alembic_version")
        return url

    return clean


@pytest.fixture
def desks(clean_url: Callable[[str], str]) -> Iterator[Desks]:
    made = Desks(clean_url)
    yield made
    for desk in made.opened:
        desk.close()
