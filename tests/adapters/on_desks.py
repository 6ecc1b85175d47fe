"""The contract of a kind of case on every store of these tests, whose statements are heard."""

from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks, Statements
from csdomain.testing.cases import CaseContract
from csdomain_adapters.sql import SqlStore


class OnDesks(CaseContract):
    """Give what the contract asks for but ``open_desk`` and ``said_by``."""

    backends = BACKENDS

    @pytest.fixture
    def open_desk(self, desks: Desks) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def said_by(self, desk: Any) -> Any:
        return Statements(desk.store).of if isinstance(desk.store, SqlStore) else None
