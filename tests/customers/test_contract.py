"""What every context owes, and customers with it: one sample of each command."""

from typing import Any, ClassVar

import attrs
import pytest

from adapters.harness import BACKENDS, Desks, Statements
from csdomain.customers.model import CUSTOMERS, Customer
from csdomain.customers.service import CUSTOMER_CASES, HEALTH_CASES
from csdomain.customers.values import CUSTOMER_ID, CustomerRules, Profile, SpokenLanguage
from csdomain.frame.acts import Act
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.testing.cases import CaseContract, by, numbered
from csdomain.testing.kit import BEGINNING
from csdomain_adapters.sql import SqlStore

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
PROFILE = Profile(
    name="王小明",
    phones=("13812345678",),
    born_year=1980,
    doctor="functional_doctor",
    manager="health_manager",
    source="referral",
    remark="none",
)
_TERMS = "INSERT INTO csd_customer_term"
_LINES = "name title sex company region personality interests hobbies needs".split()
_FILLED: dict[str, Any] = {
    **dict.fromkeys(_LINES, "x"),
    **dict.fromkeys(("emails", "addresses", "contact_persons"), ("x",)),
    "language": SpokenLanguage.EN,
}
FULL = attrs.evolve(PROFILE, **_FILLED)
OTHER = CUSTOMER_ID.make(millis=0, randomness=7)


def survivor() -> Customer:
    return Customer(
        id=OTHER, branch="hq", owner="", rulebook="", moved_at=BEGINNING, profile=PROFILE, registered_at=BEGINNING
    )


class _Contract(CaseContract):
    rulebook = "medical_centre"
    backends = BACKENDS

    @pytest.fixture
    def open_desk(self, desks: Desks) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def said_by(self, desk: Any) -> Any:
        """What is said of the terms is counted where they are tested."""
        if not isinstance(desk.store, SqlStore):
            return None
        hear, beside = Statements(desk.store).of, ("SELECT csd_audit", "DELETE csd_customer_term", _TERMS)
        return lambda work: [said for said in hear(work) if said not in beside]  # servers look for the trail's end


class TestCustomers(_Contract):
    """Customers' records."""

    cases = CUSTOMER_CASES
    samples: ClassVar = {
        "register": by("health_manager", PROFILE),
        "edit": by("health_manager", FULL),
        "issue_file_number": by("health_manager"),
        "assign": by("supervisor", "customer_service"),
        "set_apart": by("customer_service"),
        "lose": by("customer_service", "moved", "went abroad"),
        "rejoin": by("customer_service"),
        "grade": by("supervisor", "good"),
        "note_intention": by("customer_service", "tests"),
        "merge": by("supervisor", OTHER),
        "split": by("supervisor"),
    }
    ids = frozenset(
        {"assign.representative", "lose.code", "grade.grade", "note_intention.intention", "merge.into"}
        | {f"Profile.{name}" for name in ("source", "region", "doctor", "manager")}
    )
    unfilled = frozenset({"Profile.card", "Profile.extra", "Profile.extra.keys"})  # unique, and the house has none
    asks: ClassVar = {"merge": ["SELECT csd_customer"]}

    @staticmethod
    def hand(**given: Any) -> Act[CustomerRules]:
        return Act(other=survivor(), **given)

    def prepare(self, desk: Any) -> None:
        desk.store.run(lambda unit: unit.of(CUSTOMERS).add(survivor()))

    def does(self, desk: Any) -> Any:
        return desk.customers


class TestHealthFiles(_Contract):
    """Health files."""

    cases = HEALTH_CASES
    samples: ClassVar = {
        "open": numbered(
            "health_manager",
            lambda n: (CUSTOMER_ID.make(millis=0, randomness=n), "functional_doctor", "asthma", "none", "runs"),
        ),
        "write": by("functional_doctor", "asthma, treated", "none", "swims"),
    }
    ids = frozenset({"open.customer", "open.doctor"})
    untold = frozenset({"customer.assigned"})
    asks: ClassVar = {"open": ["SELECT csd_customer"]}

    def does(self, desk: Any) -> Any:
        return desk.customers.health
