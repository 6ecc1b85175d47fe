"""The use cases of erasing a customer's data, of holding it, and of giving it to the customer (KRN-14)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Unpack

from csdomain.complaints.events import ComplaintErased, ComplaintRestricted
from csdomain.complaints.model import CUSTOMER, Complaint
from csdomain.complaints.values import COMPLAINT_RULES, ERASE, HOLD, READ, RESTRICTED
from csdomain.kernel.cases.events import Event
from csdomain.kernel.store.kinds import ColumnValue, Page, Query
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.personal import Erasure, exported
from csdomain.rulebook.usecases import CallOptions

from .base import ComplaintUseCases

_PAGE: Final = 200
_OUTCOMES: Final[Mapping[type[Event], Erasure]] = {
    ComplaintErased: Erasure.ERASED,
    ComplaintRestricted: Erasure.RESTRICTED,
}


class Erasing(ComplaintUseCases):
    """Erased, held, released, exported."""

    def erase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Erase what the case holds about its customer, on the trail and in refusals too; figures and seals stay.

        Under a hold it is restricted instead, and erased when the hold ends. [KRN-14]
        """
        return self._erase(id, [], **call)

    def forget(self, id: str, *, by: Actor, at: datetime) -> Erasure:
        """As :meth:`erase`; what came of it. [KRN-14]"""
        outcome: list[Erasure] = []
        self._erase(id, outcome, by=by, at=at)
        return outcome[-1]

    def _erase(self, id: str, outcome: list[Erasure], **call: Unpack[CallOptions]) -> Receipt:
        at = call["at"]

        def command(case: Complaint, actor: Actor, unit: Unit) -> Sequence[Event]:
            beside = case.held(at) is None and bool(unit.session.redact(case.id))
            events = case.erase(by=actor.id, at=at, beside=beside)
            outcome.append(_OUTCOMES[type(events[-1])] if events else Erasure.UNCHANGED)
            return events

        return self.change("erase", ERASE, id, command, **call)

    def hold(self, id: str, code: str, until: datetime | None = None, **call: Unpack[CallOptions]) -> Receipt:
        """Keep the case from being erased, ``until`` then or until it is released: law demands it.

        ``code`` is one of the house's ``hold_reasons``. Another hold takes the place of one that stands. Raises
        RuleBroken, NaiveTime, and as every command. [KRN-14]
        """
        at, rules = call["at"], self.house.rulebook[COMPLAINT_RULES]

        def command(case: Complaint, actor: Actor, _unit: Unit) -> Sequence[Event]:
            return case.hold(code, until, rules, by=actor.id, at=at)

        return self.change("hold", HOLD, id, command, arguments={"code": code, "until": until}, **call)

    def release(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """End the hold: an erasure that waited for it is carried out. Raises RuleBroken where none stands. [KRN-14]"""
        at = call["at"]

        def command(case: Complaint, actor: Actor, unit: Unit) -> Sequence[Event]:
            events = case.release(by=actor.id, at=at)
            if any(isinstance(event, ComplaintErased) for event in events):
                unit.session.redact(case.id)
            return events

        return self.change("release", HOLD, id, command, **call)

    # --- all of a customer
    def of_customer(
        self, customer: str, *, by: Actor, at: datetime, after: tuple[ColumnValue, str] | None = None
    ) -> tuple[Sequence[str], tuple[ColumnValue, str] | None]:
        """The ids of one page of a customer's cases of every branch, and where the next begins.

        Raises NotPermitted unless ``by`` may erase them everywhere: part of a person is not erased. [KRN-14]
        """

        def work(unit: Unit, actor: Actor) -> Page[Complaint]:
            _require_everywhere(ERASE, actor)
            return self._page_of(customer, unit, after)

        page = self.run("erase_customer", work, by=by, at=at)
        return tuple(case.id for case in page.items), page.next

    def export_of(self, customer: str, *, by: Actor) -> Iterator[Mapping[str, Any]]:
        """Everything that the cases of a customer hold, one case after the other, in clear, with their trails.

        Raises NotPermitted unless ``by`` may read them everywhere, restricted ones included. [KRN-14]
        """
        after: tuple[ColumnValue, str] | None = None

        def work(unit: Unit, actor: Actor) -> tuple[Page[Complaint], list[Mapping[str, Any]]]:
            _require_everywhere(READ, actor)
            page = self._page_of(customer, unit, after)
            if any(case.restricted for case in page.items):
                _require_everywhere(RESTRICTED, actor)
            return page, [{"case": exported(case), "trail": exported(unit.trail(case.id))} for case in page.items]

        while True:
            page, found = self._read(work, by)
            yield from found
            after = page.next
            if after is None:
                return

    def _page_of(self, customer: str, unit: Unit, after: tuple[ColumnValue, str] | None) -> Page[Complaint]:
        return unit.of(self.kind).find(Query((CUSTOMER.is_(customer),), limit=_PAGE, after=after))


def _require_everywhere(action: Action, actor: Actor) -> None:
    # No record is nobody's and of no branch, so only the widest scope reaches it.
    actor.require(action, owner="", branch="")
