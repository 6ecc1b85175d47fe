"""One line for each happening of a customer, over every context: what is a line, and what becomes of them (CUS-05)."""

import sqlite3
import tomllib
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csdomain
from adapters.harness import BACKENDS, Desks
from csdomain.casework.chronicle import CHRONICLE, Chronicle, Line, Moment
from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.contexts import HOUSE, contexts, projections
from csdomain.customers.questions.finding import TERMS
from csdomain.customers.rules import TIMELINE
from csdomain.customers.values import CUSTOMER_RULES, Profile
from csdomain.desk import Desk
from csdomain.frame.contexts import Context
from csdomain.frame.describe import events_of
from csdomain.kernel.rules import AUDITED, PERSONAL_DATA
from csdomain.kernel.rules.errors import NotFound, NotPermitted
from csdomain.kernel.store.kinds import MalformedQuery
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import erased
from csdomain.testing import agent, complaint_form, memory_desk, staff

pytestmark = pytest.mark.rule(TIMELINE)
PROFILE: Final = Profile(
    name="王小明",
    phones=("13812345678",),
    born_year=1980,
    doctor="functional_doctor",
    manager="health_manager",
    source="referral",
    remark="none",
)
LINES: Final = [one for one in projections() if isinstance(one, Chronicle)]


class Office:
    """A desk of a medical centre with two customers, to whom things happen."""

    def __init__(self, desk: Any) -> None:
        self.desk, self.who, self.nth = desk, staff(desk), count()
        self.customers = [self.does(desk.customers.register, PROFILE).id for _ in range(2)]

    def does(self, command: Any, *given: Any, by: str = "hq") -> Any:
        return command(*given, by=self.who[by], at=self.desk.clock.advance(timedelta(minutes=1)))

    def happens(self, what: str, nth: int) -> None:
        customer, desk = self.customers[nth], self.desk
        if what == "complain":
            self.does(desk.complaints.receive, complaint_form(customer=customer))
        elif what == "withdraw":
            for id in self.of("complaint", customer):
                self.does(desk.complaints.withdraw, id, "as it is")
        elif what == "pay":
            self.does(desk.payments.take, customer, Money.of(nth + 7, desk.house.currency))
        elif what == "assign":
            self.does(desk.customers.assign, customer, f"rep-{next(self.nth)}")
        elif what == "erase a complaint":
            for id in self.of("complaint", customer)[:1]:
                self.does(desk.complaints.erase, id)
        elif what == "erase":
            desk.erase_customer(customer, by=self.who["hq"], at=desk.clock.now())

    def of(self, kind: str, customer: str) -> list[str]:
        rows = [row for row in self.rows() if row.kind == kind and row.customer == customer]
        last = {row.subject: row.name for row in rows}
        return [id for id, name in last.items() if name != "complaint_withdrawn"]

    def rows(self) -> list[Line]:
        return rows_of(self.desk)

    def trail(self) -> list[AuditRecord]:
        self.desk.store.run(lambda unit: unit.session.number_events(100_000))
        return list(self.desk.store.look(lambda unit: unit.session.events_after(0, 100_000)))

    def timeline(self, nth: int, by: str = "hq", limit: int = 3) -> list[Moment]:
        """Page by page."""
        found: list[Moment] = []
        after = None
        while True:
            page = self.desk.customers.timeline(self.customers[nth], by=self.who[by], limit=limit, after=after)
            assert len(page.items) <= limit
            found += page.items
            after = page.next
            if after is None:
                return found


def rows_of(desk: Desk) -> list[Line]:
    return list(desk.store.look(lambda unit: unit.register(CHRONICLE).rows(order_by=("at",), limit=10_000)).items)


@pytest.fixture(params=BACKENDS)
def office(request: pytest.FixtureRequest, desks: Desks) -> Office:
    return Office(desks(request.param, rulebook="medical_centre"))


# --- the tables -------------------------------------------------------------------------------------------------------


def told(context: Context[Any]) -> set[str]:
    """The events of a context that name a customer: those of records of customers are about one."""
    about = "customers" if context.name == "customers" else None
    return {
        event.name
        for event in events_of(context)
        if "customer" in {field.name for field in attrs.fields(event)} or event.__module__ == f"csdomain.{about}.events"
    }


@pytest.mark.parametrize("context", [c for c in contexts() if told(c)], ids=lambda context: context.name)
def test_every_event_of_a_customer_is_a_line_or_is_said_to_be_none(context: Context[Any]) -> None:
    folder = Path(csdomain.__file__).parent.parent / HOUSE[context.name].replace(".", "/")
    table = tomllib.loads((folder / "chronicle.toml").read_text("utf-8"))
    said = [name for kind in table.values() for name in (*kind, *kind.get("silent", ())) if name != "silent"]
    assert len(said) == len(set(said)), "an event is in a table once"
    assert told(context) <= set(said)
    assert {kind.table for kind in context.kinds} >= set(table)


@pytest.mark.parametrize("lines", LINES, ids=lambda lines: lines.name)
def test_a_line_has_words_in_three_languages_and_an_amount_that_its_event_has(lines: Chronicle) -> None:
    [context] = [each for each in contexts() if lines in each.projections]
    events = {event.name: event for event in events_of(context)}
    for name, words in lines.words.items():
        texts = [words.said(language) for language in ("zh_hans", "zh_hant", "en")]
        assert len({*texts}) >= 2, texts
        assert all(text.strip() == text and text for text in texts)
        assert texts[0].isascii() is texts[1].isascii() is False
        assert texts[2].isascii()
        if words.amount:
            assert attrs.fields_dict(events[name])[words.amount].type in (int, int | None, "int", "int | None")


# --- the timeline -----------------------------------------------------------------------------------------------------

happenings = st.lists(
    st.tuples(
        st.sampled_from(["complain", "complain", "withdraw", "pay", "assign", "erase a complaint"]), st.integers(0, 1)
    ),
    max_size=8,
)


def expected(office: Office, customer: str) -> list[tuple[str, str]]:
    """Worked out from the whole trail: events that have words, unless their case was erased later."""
    words = {(one.kind.id.prefix, name) for one in LINES for name in one.words}
    trail = office.trail()
    gone = {record.subject: n for n, record in enumerate(trail) if record.name.endswith(("_erased", "_restricted"))}
    found = [
        (record.at, record.event_id, record.name)
        for n, record in enumerate(trail)
        if (record.subject.partition("_")[0], record.name) in words
        and customer in (record.subject, record.facts.get("customer"))
        and n > gone.get(record.subject, -1)
    ]
    return [(event, name) for _, event, name in sorted(found, reverse=True)]


@given(happenings, st.integers(1, 4))
def test_it_is_all_that_happened_the_newest_first_whatever_happened(history: list[tuple[str, int]], limit: int) -> None:
    office = Office(memory_desk("medical_centre"))
    for what, nth in history:
        office.happens(what, nth)
    for nth, customer in enumerate(office.customers):
        seen = office.timeline(nth, limit=limit)
        assert [(moment.event, moment.name) for moment in seen] == expected(office, customer)
    live = office.rows()
    office.desk.store.run(lambda unit: unit.register(CHRONICLE).drop())
    added = sum(report.added for report in office.desk.rebuild("chronicle"))
    assert (office.rows(), added) == (live, len(live)), "rebuilt equals live"


def test_a_line_says_what_when_of_which_record_and_how_much(office: Office) -> None:
    office.happens("pay", 0)
    at = office.desk.clock.now()
    [paid, registered] = office.timeline(0)
    currency = office.desk.house.currency
    assert (paid.kind, paid.name, paid.at, paid.amount) == ("payment", "cash_taken", at, Money.of(7, currency))
    assert (paid.words.en, paid.words.said("zh_hant")) == ("Paid in cash", "支付現金")
    assert (registered.kind, registered.subject, registered.amount) == ("customer", office.customers[0], None)
    assert office.desk.payments.get(paid.subject, by=office.who["hq"]).customer == office.customers[0]


def test_only_what_one_may_read_is_on_it(office: Office) -> None:
    office.happens("pay", 0)
    office.happens("complain", 0)
    assert [moment.kind for moment in office.timeline(0)] == ["complaint", "payment", "customer"]
    assert [moment.kind for moment in office.timeline(0, by="functional_doctor")] == ["customer"], "own patients only"
    assert [moment.kind for moment in office.timeline(0, by="customer_service")] == ["complaint", "customer"]
    with pytest.raises(NotPermitted):
        office.timeline(0, by="product_manager")
    with pytest.raises(NotPermitted):
        office.timeline(1, by="finance")


def test_the_records_of_another_branch_are_on_it_for_whoever_reads_them(office: Office) -> None:
    desk, one = office.desk, office.customers[0]
    north = agent(desk, "north-1", branch="north", position="customer_service")
    desk.complaints.receive(complaint_form(customer=one), by=north, at=desk.clock.advance(timedelta(minutes=1)))
    office.happens("complain", 0)
    here, everywhere = office.timeline(0, by="customer_service", limit=1), office.timeline(0)
    assert [moment.kind for moment in everywhere] == ["complaint", "complaint", "customer"]
    assert here == [everywhere[0], everywhere[2]]


def test_a_page_of_no_size_is_refused(office: Office) -> None:
    with pytest.raises(MalformedQuery):
        office.timeline(0, limit=0)


@pytest.mark.rule("CUS-13")
def test_merged_records_have_one_timeline_and_apart_again_each_its_own(office: Office) -> None:
    office.happens("complain", 0)
    office.happens("pay", 1)
    office.happens("pay", 0)
    apart = [office.timeline(nth) for nth in (0, 1)]
    one, other = office.customers
    office.does(office.desk.customers.merge, one, other)
    both = sorted([*apart[0], *apart[1]], key=lambda moment: moment.at, reverse=True)
    for limit in (1, 2, 50):
        assert office.timeline(0, limit=limit) == office.timeline(1, limit=limit) == both
    office.does(office.desk.customers.split, one)
    assert [office.timeline(nth) for nth in (0, 1)] == apart


# --- erased -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PERSONAL_DATA)
@pytest.mark.parametrize("held", [False, True])
def test_erasing_a_customer_leaves_none_of_it_and_rebuilding_brings_none_back(office: Office, held: bool) -> None:
    desk, (one, other) = office.desk, office.customers
    for nth in (0, 1):
        office.happens("complain", nth)
        office.happens("pay", nth)
    before = [row for row in office.rows() if row.customer == other]
    if held:
        [complaint] = office.of("complaint", one)
        reason = desk.house.rulebook[COMPLAINT_RULES].hold_reasons[0]
        office.does(desk.complaints.hold, complaint, reason)
    report = desk.erase_customer(one, by=office.who["hq"], at=desk.clock.now())
    assert bool(report.restricted) is held
    assert office.rows() == before
    assert [(r.added, r.dropped) for r in desk.rebuild("chronicle") if r.added or r.dropped] == []
    assert office.rows() == before
    assert [moment.kind for moment in office.timeline(1)] == ["payment", "complaint", "customer"]


@pytest.mark.rule(PERSONAL_DATA)
def test_of_a_record_that_one_sees_masked_there_is_no_timeline(office: Office) -> None:
    desk, one = office.desk, office.customers[0]
    office.happens("complain", 0)
    reason = desk.house.rulebook[CUSTOMER_RULES].hold_reasons[0]
    office.does(desk.customers.hold, one, reason)
    assert [moment.kind for moment in office.timeline(0, by="customer_service")] == ["complaint", "customer"]
    office.does(desk.customers.erase, one)
    assert [row.kind for row in office.rows() if row.customer == one] == ["complaint"]
    assert office.timeline(0, by="customer_service") == []


@pytest.mark.rule(AUDITED)
def test_a_line_holds_nothing_that_was_typed() -> None:
    office = Office(memory_desk("medical_centre"))
    for what in ("complain", "pay", "assign", "withdraw"):
        office.happens(what, 0)
    assert [erased(row) for row in office.rows()] == office.rows()
    typed = {"王小明", "13812345678", "does not start", "as it is", "replacement"}
    assert not [row for row in office.rows() for value in attrs.astuple(row) if str(value) in typed]


# --- made of what was there before ------------------------------------------------------------------------------------


def test_a_store_of_before_gets_its_lines_from_the_job(desks: Desks, database_url: Callable[[str], str]) -> None:
    url = database_url("sqlite")
    office = Office(desks.at(url, rulebook="medical_centre"))
    for what in ("complain", "pay", "withdraw"):
        office.happens(what, 0)
    live = office.rows()
    connection = sqlite3.connect(url.partition("///")[2])
    with connection:  # as a migration leaves it
        connection.execute("delete from csd_chronicle")
        connection.execute("delete from csd_projected")
    connection.close()
    later = desks.at(url, rulebook="medical_centre")
    assert rows_of(later) == []
    assert set(later.health().unbuilt) == {"chronicle.complaint", "chronicle.customer", "chronicle.payment"}
    for _ in range(2):
        told: list[int] = []
        [job] = [job for job in later.jobs() if job.name == "rebuild"]
        job.run(told.append)
        assert rows_of(later) == live
        assert later.health().unbuilt == ()
    assert told == [], "nothing is left to do"


def test_what_customers_are_found_by_is_made_again() -> None:
    office = Office(memory_desk("medical_centre"))
    desk = office.desk
    office.does(desk.customers.erase, office.customers[1])

    def terms() -> Any:
        return desk.store.look(lambda unit: unit.register(TERMS).rows(limit=10_000).items)

    live = terms()
    desk.store.run(lambda unit: unit.register(TERMS).drop(TERMS["term"].below("王")))
    assert terms() != live
    [report] = desk.rebuild("customer_term")
    assert (terms(), report.cases, report.dropped, report.added > 0) == (live, 2, 0, True)
    [report] = desk.rebuild("customer_term.customer")
    assert (report.added, report.dropped) == (0, 0)


def test_a_name_that_nothing_has_is_refused_with_what_there_is() -> None:
    with pytest.raises(NotFound, match="customer_term"):
        memory_desk("medical_centre").rebuild("chronicles")
    assert [report.cases for report in memory_desk("after_sales").rebuild()] == [0] * 11
