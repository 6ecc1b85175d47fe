"""For tests: contracts that prove an adapter, and a kit for the tests of apps that use csdomain (extra: ``testing``).

An adapter is proven in a few lines::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda kinds, backstage: MyStore(tmp_path, kinds, backstage)

An app tests its own use of a desk in memory, with a clock that it moves::

    clock = MovableClock()
    with memory_desk(clock=clock) as desk:
        case = accepted(desk)
        clock.advance(timedelta(days=30))
        assert desk.sweep().breached == 1
"""

import pytest

# What a contract asserts shows its values, as in tests of one's own. Before the modules are imported.
pytest.register_assert_rewrite(
    *(
        f"csdomain.testing.{name}"
        for name in (
            *("base", "concurrency", "deaths", "events", "keys", "messages", "notifier", "outbox"),
            *("outward", "projections", "queries", "refusals", "registers", "sources", "timers", "units"),
        )
    )
)

from .base import EVERY, Ability, Contract, Rig, StoreFactory  # noqa: E402
from .deaths import GatewayDeathsContract  # noqa: E402
from .kit import (  # noqa: E402
    HANDLING,
    QUALITY,
    MovableClock,
    SequentialIds,
    accepted,
    agent,
    answered,
    checked,
    closed,
    complaint_form,
    decided,
    engaged,
    memory_desk,
    no_holidays,
    personnel,
    received,
    snapshot,
    staff,
)
from .messages import (  # noqa: E402
    Arrival,
    CollectingGateway,
    DirectoryContract,
    GatewayContract,
    MemoryDirectory,
    recipient,
)
from .notifier import NotifierContract  # noqa: E402
from .outward import (  # noqa: E402
    AuthoritiesContract,
    FakeAuthorities,
    FakeFinance,
    FakePersonnel,
    FakeWarehouse,
    FinanceContract,
    PersonnelContract,
    WarehouseContract,
)
from .sources import ClockContract, HolidaySourceContract, IdSourceContract  # noqa: E402
from .store import (  # noqa: E402
    ConcurrencyContract,
    EventContract,
    KeyContract,
    NumberContract,
    OutboxContract,
    ProjectionContract,
    QueryContract,
    RefusalContract,
    RegisterContract,
    RulebookContract,
    StoreContract,
    TimerContract,
    UnitContract,
)

__all__ = [
    "EVERY",
    "HANDLING",
    "QUALITY",
    "Ability",
    "Arrival",
    "AuthoritiesContract",
    "ClockContract",
    "CollectingGateway",
    "ConcurrencyContract",
    "Contract",
    "DirectoryContract",
    "EventContract",
    "FakeAuthorities",
    "FakeFinance",
    "FakePersonnel",
    "FakeWarehouse",
    "FinanceContract",
    "GatewayContract",
    "GatewayDeathsContract",
    "HolidaySourceContract",
    "IdSourceContract",
    "KeyContract",
    "MemoryDirectory",
    "MovableClock",
    "NotifierContract",
    "NumberContract",
    "OutboxContract",
    "PersonnelContract",
    "ProjectionContract",
    "QueryContract",
    "RefusalContract",
    "RegisterContract",
    "Rig",
    "RulebookContract",
    "SequentialIds",
    "StoreContract",
    "StoreFactory",
    "TimerContract",
    "UnitContract",
    "WarehouseContract",
    "accepted",
    "agent",
    "answered",
    "checked",
    "closed",
    "complaint_form",
    "decided",
    "engaged",
    "memory_desk",
    "no_holidays",
    "personnel",
    "received",
    "recipient",
    "snapshot",
    "staff",
]
