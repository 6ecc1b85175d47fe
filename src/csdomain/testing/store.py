"""The whole contract of a store: what its units, lists, registers, numbers, keys, events, timers and outbox owe."""

from .concurrency import ConcurrencyContract
from .events import EventContract
from .keys import KeyContract, NumberContract, RulebookContract
from .outbox import OutboxContract
from .projections import ProjectionContract
from .queries import QueryContract
from .refusals import RefusalContract
from .registers import RegisterContract
from .timers import TimerContract
from .units import UnitContract

__all__ = [
    "ConcurrencyContract",
    "EventContract",
    "KeyContract",
    "NumberContract",
    "OutboxContract",
    "ProjectionContract",
    "QueryContract",
    "RefusalContract",
    "RegisterContract",
    "RulebookContract",
    "StoreContract",
    "TimerContract",
    "UnitContract",
]


class StoreContract(
    UnitContract,
    ConcurrencyContract,
    RefusalContract,
    RegisterContract,
    ProjectionContract,
    KeyContract,
    NumberContract,
    RulebookContract,
    QueryContract,
    EventContract,
    TimerContract,
    OutboxContract,
):
    """Everything that csdomain asks of a store. An adapter is a store when it passes (KRN-15).

    ::

        class TestMyStore(StoreContract):
            abilities = EVERY - {Ability.HOST_TRANSACTIONS}

            @pytest.fixture
            def open_store(self, tmp_path):
                return lambda kinds, backstage: MyStore(tmp_path, kinds, backstage)
    """
