"""What every context owes, and customers with it: one sample of each command."""

from datetime import timedelta
from typing import Any, ClassVar

import attrs
import pytest

from adapters.harness import BACKENDS, Desks, Statements
from csdomain.customers.model.act import CustomerAct
from csdomain.customers.model.customer import CUSTOMERS, Customer
from csdomain.customers.service import (
    CONNECTION_CASES,
    CORRECTION_CASES,
    CUSTOMER_CASES,
    HANDOVER_CASES,
    HEALTH_CASES,
    LEAD_CASES,
    RELEASE_CASES,
    VEHICLE_CASES,
    WORKLIST_CASES,
)
from csdomain.customers.values import CUSTOMER_ID, CustomerId, ListKind, Profile, SpokenLanguage, Step, VehicleData
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.testing.cases import CaseContract, by, numbered, with_case
from csdomain.testing.kit import BEGINNING
from csdomain.testing.stands import slots
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
FLEET = Profile(name="王小明", company="顺风物流", contact_persons=("李雷",), phones=("13812345678",))
_TERMS = "INSERT INTO csd_customer_term"
_WORKS = ["SELECT csd_staff", "SELECT csd_staff"]
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


def record_customers(desk: Any, **theirs: Any) -> None:
    people = [attrs.evolve(survivor(), id=_whose(n), **theirs) for n in range(12)]
    desk.store.run(lambda unit: [unit.of(CUSTOMERS).add(one) for one in people])


class _Files:
    """One living customer, on no store."""

    def customer(self, id: str) -> Customer:
        return attrs.evolve(survivor(), id=CUSTOMER_ID.check(id), owner="customer_representative")

    def keep(self, customer: Customer, events: Any) -> None:
        """Kept nowhere."""

    def put_secret(self, secret: Any) -> None:
        """Kept nowhere."""

    def drop_secret(self, connection: str) -> int:
        return 0


def hand(**given: Any) -> CustomerAct:
    return CustomerAct(other=survivor(), files=_Files(), works=lambda *_: True, **given)


class _Contract(CaseContract):
    hand = staticmethod(hand)
    rulebook = "medical_centre"
    backends = BACKENDS
    #: Occasions of other kinds that are told of as well.
    beside_told: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        """Of the occasions of the section only the kind's own are asked for."""
        names = {occasion.name for occasion in cls.cases.section.occasions}
        own = {name for name in names if name.startswith(f"{cls.cases.kind.table}.")} | cls.beside_told
        cls.untold = frozenset(names - own)

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
        "assign": by("supervisor", "customer_service", "a new one"),
        "offer": by("supervisor", "too far"),
        "claim": by("health_manager"),
        "take_over": numbered("hq", lambda n: (f"K-{n}", PROFILE, BEGINNING, "customer_service")),
        "set_apart": by("customer_service"),
        "lose": by("customer_service", "moved", "went abroad"),
        "rejoin": by("customer_service"),
        "grade": by("supervisor", "good"),
        "note_intention": by("customer_service", "tests"),
        "merge": by("supervisor", OTHER),
        "split": by("supervisor"),
    }
    ids = frozenset(
        {
            "take_over.ref",
            "take_over.representative",
            "assign.representative",
            "lose.code",
            "grade.grade",
            "note_intention.intention",
            "merge.into",
        }
        | {f"Profile.{name}" for name in ("source", "region", "doctor", "manager")}
    )
    unfilled = frozenset({"Profile.card", "Profile.extra", "Profile.extra.keys"})  # unique, and the house has none
    prepares = frozenset({"assign", "offer"})
    asks: ClassVar = {"merge": ["SELECT csd_customer"], "assign": _WORKS, "claim": _WORKS, "take_over": _WORKS}

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
            lambda n: (_whose(n), "functional_doctor", "asthma", "none", "runs"),
        ),
        "write": by("functional_doctor", "asthma, treated", "none", "swims"),
    }
    ids = frozenset({"open.customer", "open.doctor"})
    asks: ClassVar = {"open": ["SELECT csd_customer"]}

    def prepare(self, desk: Any) -> None:
        record_customers(desk)

    def does(self, desk: Any) -> Any:
        return desk.customers.health


_FORM = "contract_no device_model vehicles rental_or_retail expires address routes contacts company mode_of_operation"
ENTRIES = dict.fromkeys(_FORM.split(), "x")


class _Papers(_Contract):
    """Papers about customers of a fleet, each with a customer of its own."""

    rulebook = "fleet"
    cases = HANDOVER_CASES

    def prepare(self, desk: Any) -> None:
        record_customers(desk, owner="customer_representative", profile=FLEET)

    def said_by(self, desk: Any) -> Any:
        """What is written of the customer is counted with the customer."""
        hear = super().said_by(desk)
        if hear is None:
            return None

        def said(work: Any) -> Any:
            found = hear(work)
            if found.count("INSERT INTO csd_audit") == 2:
                at = found.index("INSERT INTO csd_audit")
                del found[at]
                while found[at] in ("INSERT INTO csd_chronicle", "INSERT INTO csd_outbox"):
                    del found[at]
            return found

        return said


class TestHandovers(_Papers):
    """Handovers of customers."""

    cases = HANDOVER_CASES
    beside_told = frozenset({"customer.assigned"})
    samples: ClassVar = {
        "file": numbered("customer_representative", lambda n: (_whose(n), "moves away", ENTRIES)),
        "sign": by("service_manager", "repair_technician"),
        "transfer": by("records_clerk"),
        "contact": by("general_manager", "introduced myself"),
        "refuse": by("service_manager", "stays"),
        "withdraw": by("service_manager", "stays"),
    }
    ids = frozenset({"file.customer", "sign.to"})
    unfilled = frozenset({"file.entries", "file.entries.keys"})  # the house names the keys
    asks: ClassVar = {
        "file": ["SELECT csd_customer"],
        "sign": _WORKS,
        "transfer": ["SELECT csd_customer", *_WORKS, "UPDATE csd_customer"],
    }

    def does(self, desk: Any) -> Any:
        return desk.customers.handovers


def _asking(*names: str) -> dict[str, Any]:
    return {name: ["SELECT csd_customer"] for name in names}


class TestReleases(_Papers):
    """Records given outside their scope."""

    backends = ("memory", "sqlite")
    cases = RELEASE_CASES
    _ASK: ClassVar = (["phones", "extra.routes"], "hotline_agent", "an accident", BEGINNING + timedelta(days=900))
    samples: ClassVar = {
        "ask": numbered("customer_representative", lambda n: (_whose(n), *TestReleases._ASK)),
        "sign": by("service_manager"),
        "refuse": by("service_manager", "no reason"),
        "revoke": by("service_manager", "enough"),
    }
    ids = frozenset({"ask.customer", "ask.fields", "ask.to"})
    asks: ClassVar = _asking("ask")

    def does(self, desk: Any) -> Any:
        return desk.customers.releases


class TestCorrections(_Papers):
    """Reports of wrong data."""

    backends = ("memory", "sqlite")
    cases = CORRECTION_CASES
    samples: ClassVar = {
        "report": numbered("hotline_agent", lambda n: (_whose(n), "name", "王小明", "王晓明", "office-7")),
        "order": by("service_manager"),
        "mend": by("records_clerk", attrs.evolve(FLEET, **{**_FILLED, "name": "王晓明"})),
        "refuse": by("service_manager", "it is right"),
    }
    ids = frozenset({"report.customer", "report.field", "report.asked_by"})
    unfilled = frozenset(slots(Profile, "mend.profile"))  # the customer's, and tried there
    asks: ClassVar = {**_asking("report"), "mend": ["SELECT csd_customer", "UPDATE csd_customer"]}

    def does(self, desk: Any) -> Any:
        return desk.customers.corrections


class TestLeads(_Papers):
    """Wishes that sales follow up."""

    backends = ("memory", "sqlite")
    cases = LEAD_CASES
    samples: ClassVar = {
        "note": numbered("hotline_agent", lambda n: ("three more devices", _whose(n), "a cousin", "call-7")),
        "take": by("service_manager"),
        "win": by("service_manager", "ordered"),
        "lose": by("service_manager", "too dear"),
        "drop": by("service_manager", "nobody there"),
    }
    ids = frozenset({"note.customer", "note.met_in"})
    asks: ClassVar = _asking("note")

    def does(self, desk: Any) -> Any:
        return desk.customers.leads


class TestVehicles(_Papers):
    """Customers' vehicles."""

    backends = ("memory", "sqlite")
    cases = VEHICLE_CASES
    samples: ClassVar = {
        "add": numbered("records_clerk", lambda n: (_whose(n), VehicleData(plate=f"沪A{n:05}", driver="李雷"))),
        "change": with_case(
            "records_clerk",
            lambda v: (VehicleData(plate=f"{v.data.plate}9", unit="u-1", driver="韩梅", tyre="x", fuel="gas"),),
        ),
        "remove": by("records_clerk", "sold"),
    }
    ids = frozenset({"add.customer", "VehicleData.unit", "VehicleData.fuel"})
    asks: ClassVar = _asking("add")

    def does(self, desk: Any) -> Any:
        return desk.customers.vehicles


class TestConnections(_Papers):
    """New customers are connected."""

    backends = ("memory", "sqlite")
    cases = CONNECTION_CASES
    samples: ClassVar = {
        "receive": numbered("records_clerk", lambda n: (_whose(n), "east", f"R-{n}", f"A-{n}")),
        "order_account": by("records_clerk"),
        "open_account": with_case("records_clerk", lambda c: (f"acc-{c.customer}", "sealed")),
        "tick": with_case("customer_representative", lambda c: (next((s for s in Step if s not in c.done), Step.SMS),)),
        "file": with_case("records_clerk", lambda c: ("east-2026",)),
        "cancel": by("records_clerk", "changed its mind"),
    }
    ids = frozenset({f"receive.{name}" for name in ("customer", "region", "registration", "agreement")}) | {
        *("open_account.account", "open_account.sealed", "file.folder")
    }
    prepares = frozenset[str]()
    outlives = ("CUS-09", "CUS-12")
    asks: ClassVar = {
        **_asking("receive"),
        "order_account": ["DELETE csd_customer_secret"],
        "cancel": ["DELETE csd_customer_secret"],
        "open_account": ["INSERT INTO csd_customer_secret"],
    }

    def apart(self, case: Any) -> Any:
        return len(case.done)

    def does(self, desk: Any) -> Any:
        return desk.customers.connections


class TestWorklists(_Papers):
    """Lists of customers for the manager."""

    backends = ("memory", "sqlite")
    cases = WORKLIST_CASES
    samples: ClassVar = {
        "hand": numbered("records_clerk", lambda n: (ListKind.NEW, [_whose(n)])),
        "work": with_case("service_manager", lambda w: (w.open[0] if w.open else w.customers[0], "hotline_agent")),
        "skip": with_case("service_manager", lambda w: (w.open[0] if w.open else w.customers[0], "moved away")),
    }
    ids = frozenset({"hand.customers", "work.customer", "work.representative", "skip.customer"})
    beside_told = frozenset({"customer.assigned"})
    asks: ClassVar = {"work": ["SELECT csd_customer", *_WORKS, "UPDATE csd_customer"]}

    def apart(self, case: Any) -> Any:
        return len(case.open)

    def does(self, desk: Any) -> Any:
        return desk.customers.worklists


def _whose(n: int) -> CustomerId:
    return CUSTOMER_ID.make(millis=0, randomness=100 + n)
