"""What every context owes, and contracts and renewals with it: one sample of each command."""

from datetime import date
from typing import Any, ClassVar, Final

import pytest

from adapters.harness import BACKENDS
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.values.money import Money
from csdomain.renewals.context import CONTEXT
from csdomain.renewals.model.contract import PastContract
from csdomain.renewals.service import CONTRACT_CASES, RENEWAL_CASES
from csdomain.renewals.values import CONTRACT_ID
from csdomain.renewals.values.house import OCCASIONS
from csdomain.testing import staff
from csdomain.testing.cases import CaseContract, by, numbered, with_case
from renewals.fakes import FakeBilling, hand

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
SPARE: Final = 40


def contract_id(place: int) -> str:
    return CONTRACT_ID.make(millis=1_760_000_000_000, randomness=1 + 2 * place)


class Sold(CaseContract):
    """What contracts and renewals have in common."""

    rulebook = "fleet"
    backends = BACKENDS
    hand = staticmethod(hand)

    @pytest.fixture
    def open_desk(self, desks: Any) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def does(self, desk: Any) -> Any:
        return desk.of(CONTEXT, billing=lambda _: FakeBilling())


class TestRenewals(Sold):
    """The renewal form."""

    cases = RENEWAL_CASES
    samples: ClassVar = {
        "ask": numbered("customer_representative", lambda there: (contract_id(there),)),
        "agree": by("customer_representative", "icbc"),
        "decline": by("customer_representative", "price", "too dear"),
        "fill": by("customer_representative", "rent", 12),
        "propose": by("customer_representative", "rent", 12, Money.of(60, "CNY")),
        "approve": by("service_manager"),
        "reject": by("service_manager", "a good price already"),
        "confirm": by("finance"),
        "extend": by("gps_administrator"),
        "record": by("records_clerk"),
        "tell": by("customer_representative", "reached in the morning"),
        "abandon": by("customer_representative", "sold", "sold the lorry"),
        "reverse": by("finance", "sold", "sold the lorry"),
    }
    ids = frozenset({"ask.contract", "agree.bank", "decline.code", "fill.plan", "propose.plan"}) | {
        *("abandon.code", "reverse.code")
    }
    prepares = frozenset[str]()
    untold = frozenset({"contract.change", "contract.to_refund"})

    def prepare(self, desk: Any) -> None:
        clerk, at = staff(desk)["records_clerk"], desk.clock.now()
        does = self.does(desk).contracts
        for place in range(SPARE):
            made = does.sign("customer-1", "rented", ["veh-1", "veh-2"], date(2026, 3, 1), by=clerk, at=at)
            assert made.id == contract_id(place)


PAST: Final[dict[str, Any]] = {
    "customer": "customer-1",
    "device": "bought",
    "vehicles": ("veh-1", "veh-2"),
    "plan": "yearly",
    "representative": "customer_representative",
}


def past(there: int, since: date) -> tuple[PastContract]:
    return (PastContract(number=f"OLD-{there}", anchor=since, paid_on=since, served_months=0, paid_months=12, **PAST),)


class TestContracts(Sold):
    """The contract."""

    cases = CONTRACT_CASES
    samples: ClassVar = {
        "sign": by("records_clerk", "customer-1", "bought", ["veh-1", "veh-2"], date(2026, 3, 5)),
        "take_over": numbered("general_manager", lambda there: past(there, date(2026, 1, 31))),
        "take_over/grace": numbered("general_manager", lambda there: past(there, date(2024, 12, 20))),
        "take_over/lapsed": numbered("general_manager", lambda there: past(there, date(2024, 1, 31))),
        "assign": with_case("general_manager", lambda contract: (f"{contract.owner[-20:]}+",)),
        "add_vehicles": with_case("records_clerk", lambda contract: ([f"more-{contract.changes}"],)),
        "remove_vehicles": with_case("records_clerk", lambda contract: (list(contract.vehicles[:1]) or ["none"],)),
        "remove_vehicles/all": with_case("records_clerk", lambda contract: (list(contract.vehicles) or ["none"],)),
        "end": by("general_manager", "sold the fleet"),
    }
    ids = frozenset({"sign.customer", "sign.device", "sign.vehicles", "sign.representative"}) | {
        "assign.representative",
        *(f"PastContract.{name}" for name in ("number", "customer", "device", "vehicles", "plan", "representative")),
        *("add_vehicles.vehicles", "remove_vehicles.vehicles"),
    }

    untold = frozenset({"contract.to_refund"}) | {
        *(occasion.name for occasion in OCCASIONS if occasion.name.startswith("renewal"))
    }

    def does(self, desk: Any) -> Any:
        return super().does(desk).contracts
