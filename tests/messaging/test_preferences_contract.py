"""What every kind of case owes, and contact preferences and campaigns with it: one sample of each command."""

from datetime import time, timedelta
from typing import Any, ClassVar

import pytest

from adapters.harness import Desks, Statements
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.messaging.model.preferences import MessagingAct
from csdomain.messaging.service import CAMPAIGN_CASES, PREFERENCES_CASES
from csdomain.messaging.values import Audience, Channel
from csdomain.testing.cases import CaseContract, by, numbered
from csdomain.testing.kit import BEGINNING
from csdomain_adapters.sql import SqlStore

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
_OUT = (MessageClass.CARE, Channel.SMS, "by_phone")


def hand(**given: Any) -> MessagingAct:
    return MessagingAct(anybody=lambda *_: True, why_not=lambda _: None, **given)


class _Contract(CaseContract):
    hand = staticmethod(hand)
    rulebook = "medical_centre"
    backends = ("memory", "sqlite")

    def __init_subclass__(cls) -> None:
        """Of the occasions of the section only the kind's own are asked for; that it is done, its planner says."""
        names = {occasion.name for occasion in cls.cases.section.occasions}
        cls.untold = frozenset(names - {f"{cls.cases.kind.table}.{name}" for name in ("drafted", "stopped")})

    @pytest.fixture
    def open_desk(self, desks: Desks) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def said_by(self, desk: Any) -> Any:
        """That a campaign which begins opens a run of the planner is tried with the planner."""
        if not isinstance(desk.store, SqlStore):
            return None
        hear = Statements(desk.store).of
        return lambda work: [said for said in hear(work) if said != "INSERT INTO csd_run"]


class TestPreferences(_Contract):
    """What customers want to hear."""

    cases = PREFERENCES_CASES
    samples: ClassVar = {
        "open": numbered("health_manager", lambda n: (f"customer-{n}",)),
        "opt_out": by("health_manager", *_OUT),
        "opt_in": by("health_manager", *_OUT),
        "consent": by("health_manager", Channel.EMAIL, "Yes, write to me", "form_7"),
        "wish": by("health_manager", time(9), time(11, 30)),
        "forbid_calls": by("health_manager", True),
    }
    ids = frozenset({"open.customer", "opt_out.source", "opt_in.source", "consent.source"})

    def does(self, desk: Any) -> Any:
        return desk.messages.preferences


class TestCampaigns(_Contract):
    """Campaigns."""

    cases = CAMPAIGN_CASES
    samples: ClassVar = {
        "draft": by(
            "health_manager",
            "spring",
            {"zh_hans": "{name}，春季体检八折，回T退订", "en": "{name}, come in spring"},
            Audience(customers=("customer-1", "customer-2")),
            BEGINNING + timedelta(days=900),
        ),
        "start": by("supervisor"),
        "stop": by("supervisor", "wrong text"),
    }
    ids = frozenset({"draft.name", "draft.texts.keys", "Audience.customers"})
    ids |= {f"Audience.{name}" for name in ("grade", "intention", "region", "source")}
    unfilled = ids | {"draft.texts"}  # an audience is said in one way; texts are by language

    @classmethod
    def states(cls) -> list[Any]:
        """Without the end that only the planner leads to."""
        return [state for state in super().states() if state.value != "done"]

    def does(self, desk: Any) -> Any:
        return desk.messages.campaigns
