"""What people typed is not repeated, and what is there is concealed where the house says so (KRN-13, KRN-14)."""

from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from complaints.desks import USUAL, Counter
from complaints.model import JUDGED, cny, remedy
from csdomain.complaints.values import Classification, Goods, ProposedPenalty
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.rules import PERMITTED, PERSONAL_DATA
from csdomain.kernel.rules.errors import DomainError, NotFound, NotPermitted, hide, typed_in
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.actors import ActorId
from csdomain.reporting.complaints_month import review_of_month
from csdomain.rulebook import loads
from csdomain.testing import complaint_form
from csdomain.testing.kit import BEGINNING

pytestmark = pytest.mark.rule(PERSONAL_DATA)
SAID: Final = "王小明 of 12 Garden Road"
ENGINES: Final = Goods("engine", "b1", 3)
ACCEPTED: Final = ("check", "accept")
RULED: Final = (*ACCEPTED, "investigate", "conclude", "report", "rule")
BACK: Final = remedy(cny(900), compensation=cny(200), returns=[ENGINES])
DECIDED: Final[tuple[Any, ...]] = (*RULED, "judge", ("submit", BACK), "approve")
CLOSED: Final = (*DECIDED, "answer", "close")
TWICE: Final = (ProposedPenalty(SAID, "warning"), ProposedPenalty(SAID, "warning"))
#: Where somebody types a name or a number of the house's: what comes before, and the step with what is typed.
TYPED: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]] = {
    "class": (("check",), ("accept", Classification(SAID, "x"))),
    "cause": (("check",), ("accept", Classification("quality", SAID))),
    "department": (ACCEPTED, ("contribute", SAID, "done")),
    "loss": (RULED, ("judge", attrs.evolve(JUDGED, loss={SAID: cny(1)}))),
    "discipline": (RULED, ("judge", attrs.evolve(JUDGED, penalties=(ProposedPenalty("wu", SAID),)))),
    "penalised": (RULED, ("judge", attrs.evolve(JUDGED, penalties=TWICE))),
    "slip": (DECIDED, ("sign_slip", SAID)),
    "certificate": (DECIDED, ("sign_certificate", SAID)),
    "goods": ((*DECIDED, "draw_slip", "sign_slip"), ("take_in", "TH202603-0001", [Goods(SAID, SAID, 1)])),
    "customer": ((*DECIDED, "answer", "decline"), ("renew", complaint_form(customer=SAID))),
    "unit": (CLOSED, ("review", SAID)),
}


@pytest.mark.parametrize("where", TYPED)
def test_f54_what_was_typed_for_a_name_or_number_is_not_repeated(where: str) -> None:
    before, (use, *args) = TYPED[where]
    counter = Counter.open()
    counter.receive(complaint_form(quantity=9))
    counter.go(*before)
    error = counter.expect_refused(DomainError, use, *args, by=USUAL[use][0])
    kept = counter.desk.store.look(lambda unit: unit.session.refusals(counter.id))
    for told in (str(error), repr(error), error.render("zh"), str(error.as_data()), str(kept)):
        assert "小明" not in told
        assert "Garden" not in told


@given(st.text(max_size=80))
@example("KS202603-0001")
@example("13812345678")
def test_f54_a_plain_id_is_shown_and_other_text_is_not(text: str) -> None:
    shown = typed_in(text)
    assert shown == (text if shown == text or not text else f"text of length {len(text)}")
    if shown == text:
        assert text.isascii()
        assert " " not in text
        assert hide(text) == text
    assert typed_in([text, 5]) == [shown, 5]


@given(
    st.sampled_from([".", "·", "/", "-", " ", "_"]),
    st.sampled_from(["{}{s}{}{s}{}", "({}){s}{}{s}{}", "a {}{s}{}{s}{}!"]),
)
def test_f54_a_number_is_hidden_however_it_is_grouped(separator: str, around: str) -> None:
    for parts in (("138", "1234", "5678"), ("021", "5888", "1234"), ("+86138", "1234", "5678")):
        assert "1234" not in hide(around.format(*parts, s=separator))


def test_f54_the_repr_of_a_trail_shows_no_reason() -> None:
    record = AuditRecord("evt_1", "cmp_1", ActorId("ann"), BEGINNING, "complaint_checked", 1, reason=SAID)
    assert SAID not in repr([record])
    counter = Counter.open().accepted()
    counter.go(("remark", SAID, "sales"))
    assert SAID not in repr(counter.does.trail(counter.id, by=counter.who["sales"]))


ASKED: Final[dict[str, Callable[[Counter, str, Any], object]]] = {
    "get": lambda c, case, by: c.does.get(case, by=by),
    "trail": lambda c, case, by: c.does.trail(case, by=by),
    "check": lambda c, case, by: c.does.check(case, "x", by=by, at=BEGINNING),
    "erase": lambda c, case, by: c.does.erase(case, by=by, at=BEGINNING),
}


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("conceal", [False, True])
def test_f54_a_house_conceals_what_somebody_may_not_read(conceal: bool, asked: str) -> None:
    book = f'name = "quiet"\nextends = "after_sales"\n[permissions]\nconceal = {str(conceal).lower()}\n'
    counter = Counter.open(loads(book, sections(), shipped)).accepted()
    stranger = counter.desk.actor("u-0", branch="b2", positions=("sales",))
    gone = counter.id[:-1] + "z"
    with pytest.raises(NotFound if conceal else NotPermitted) as there:
        ASKED[asked](counter, counter.id, stranger)
    with pytest.raises(NotFound) as nowhere:
        ASKED[asked](counter, gone, stranger)
    assert (str(there.value).replace(counter.id, gone) == str(nowhere.value)) is conceal
    (kept,) = counter.desk.store.look(lambda unit: unit.session.refusals(counter.id))
    assert kept.code == "not_permitted"  # the house itself knows
    counter.expect_refused(NotPermitted, "rule", "x", by="sales")  # who may read it is told what is missing


def test_f25_the_review_names_customers_where_the_permission_reaches() -> None:
    counter = Counter.open()
    counter.receive(complaint_form(quantity=9))
    counter.go(*CLOSED)
    month = "2026-03"
    elsewhere = counter.desk.actor("m", branch="b2", positions=("gm_office", "service_manager"))
    for by, shown in ((counter.who["general_manager"], True), (counter.who["gm_office"], False), (elsewhere, False)):
        rows = list(review_of_month(counter.does, month, by=by).rows)
        assert [row[1] == counter.case.customer for row in rows] == [shown]
