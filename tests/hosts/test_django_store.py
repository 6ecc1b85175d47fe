"""The store on Django's connections passes every contract of a store, and is what a desk on an alias has (F10)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest
from django.db import connections

from adapters.harness import sql_factory
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PERMITTED, PORTS, TIMERS
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage
from csdomain.testing import EVERY, Ability, StoreContract, StoreFactory
from csdomain_adapters.django.store import DjangoHost, hosted
from hosts.shop import ALIAS, project

R = TypeVar("R")
pytestmark = pytest.mark.rule(PORTS, AUDITED, ONE_WRITER, PERMITTED, NUMBERING, TIMERS)


def closing(store: Any) -> Any:
    """The store, which closes what threads of a test leave open: Django closes after requests, and here is none."""
    run, look = store.run, store.look

    def closed(call: Callable[..., R], *given: Any) -> R:
        try:
            return call(*given)
        finally:
            if threading.current_thread() is not threading.main_thread():
                connections[ALIAS].close()

    store.run = lambda work, call=None: closed(run, work, call)
    store.look = lambda work: closed(look, work)
    return store


class OnDjango(StoreContract):
    backend: str

    @pytest.fixture
    def open_store(self, clean_url: Callable[[str], str]) -> Iterator[StoreFactory]:
        url = clean_url(self.backend)
        with project(url):

            def open_store(kinds: Sequence[Stored], backstage: Backstage) -> Any:
                sql_factory(url)(kinds, backstage).close()  # the tables of its kinds
                module, vendor = hosted(ALIAS)
                return closing(module.HostedStore(DjangoHost(ALIAS), vendor, kinds, backstage))

            yield open_store


class TestOnSqlite(OnDjango):
    backend = "sqlite"
    abilities = EVERY - {Ability.WRITES_BESIDE_A_WRITER}


class TestOnPostgresql(OnDjango):
    backend = "postgresql"
