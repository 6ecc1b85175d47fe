"""The money of a complaint is a ledger, and every case can reach its end, whatever was done before (CMP-21, CMP-25)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from complaints.cases import CHIEF, CLERK, RULES_OF, make
from complaints.hand import SALT, T0, Drawn, act, on
from complaints.model import JUDGED, fen, received, remedy
from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Certificate, Complaint, ReturnSlip
from csdomain.complaints.commands.taking_over import IMPORTABLE, PastCase, take_over
from csdomain.complaints.lifecycle import (
    CertificateState,
    ImprovementMove,
    ImprovementState,
    Move,
    PenaltyState,
    SlipState,
    State,
)
from csdomain.complaints.rules import CERTIFICATE, FINANCE, LOSS, RETURN_SLIP, STATES
from csdomain.complaints.values import Channel, Goods, Path, ProposedPenalty, Remedy
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.actors import Actor
from csdomain.testing import HANDLING, QUALITY, complaint_form

pytestmark = pytest.mark.rule(STATES, CERTIFICATE, RETURN_SLIP, FINANCE, LOSS)

BY: Final[Mapping[str, Any]] = {"by": CLERK, "at": T0}
CHIEFLY: Final[Mapping[str, Any]] = {"by": CHIEF, "at": T0}
NAMED: Final = attrs.evolve(JUDGED, persons=("wu", "li"))
PENALTIES: Final = (ProposedPenalty("wu", "warning"), ProposedPenalty("li", amount=fen(3)))
GOODS: Final = Goods("engine", "b1", 2)
_CS, _SS, _PS = CertificateState, SlipState, PenaltyState
OVER: Final = (_CS.BOOKED, _CS.VOIDED)


def top(case: Complaint, by: Actor) -> Standing:
    """The highest authority."""
    return Standing({by.id: frozenset({RULES_OF[case.path].ladder.bands[-1].authority})})


def begun(path: Path, state: State | None, quality: bool) -> Complaint:
    """A case that was received, or taken over in a state; a quality fault or not."""
    rules, kind = RULES_OF[path], QUALITY if quality else HANDLING
    if state is None:
        return received(rules=rules)
    taken_on, ended = state not in (State.RECEIVED, State.CHECKED), state in (State.CLOSED, State.SETTLED)
    past = PastCase(
        number="KS202603-0001",
        form=complaint_form(),
        state=state,
        received_at=T0,
        accepted_at=T0 if taken_on else None,
        classification=kind if taken_on else None,
        closed_at=T0 if ended else None,
        outcome="so it was" if ended else "",
    )
    return take_over(act(CLERK, T0, rules, draws=Drawn(salt=SALT)), past)[0]


def submit(case: Complaint, what: Remedy) -> object:
    """The remedy is put before the authority; by level it is proposed, which decides it."""
    rules = RULES_OF[case.path]
    if case.path is Path.LEVELS:
        return on(case).propose(what, rules, top(case, CLERK), **BY)
    ask = on(case).revise if case.state is State.DECIDED else on(case).submit
    return ask(what, rules, **BY)


def anew(case: Complaint) -> object:
    """A further form: of a customer who does not accept, or of a case that was closed."""
    return make(case, Move.RENEW if case.path is Path.DEPARTMENTS else Move.HANDLE_AGAIN)


def decided(case: Complaint, outcome: Outcome) -> object:
    """What the highest authority says."""
    return on(case).decide(outcome, RULES_OF[case.path], top(case, CHIEF), reason="as it is", **CHIEFLY)


#: The move by which a case leaves a state on its way to closing, where nothing has to come before.
NEXT: Final[Mapping[State, Move]] = {
    State.CHECKED: Move.ACCEPT,
    State.ACCEPTED: Move.INVESTIGATE,
    State.INVESTIGATING: Move.REPORT,
    State.AWAITING_DECISION: Move.APPROVE,
    State.PROPOSED: Move.SATISFY,
}


def next_step(case: Complaint) -> object:
    """A move that leads towards closing; none is skipped that the house wants."""
    form = case.form
    by_letter = form.answer is not None and form.answer.channel is Channel.LETTER
    match case.state:
        case State.RECEIVED:
            return make(case, Move.HANDLE if case.path is Path.LEVELS else Move.CHECK)
        case State.INVESTIGATING | State.REPORTED if form.quality and case.finding is None:
            return make(case, Move.INSPECT)
        case State.INVESTIGATING if any(part.round == case.round and part.done is None for part in case.parts):
            return make(case, Move.CONTRIBUTE)
        case State.INVESTIGATING if form.concluded_at is None:
            return make(case, Move.CONCLUDE)
        case State.REPORTED if form.ruling is None:
            return make(case, Move.RULE)
        case State.REPORTED:
            once = () if case.penalties else PENALTIES  # nobody is penalised twice
            judged = attrs.evolve(NAMED, tracked=not case.improvements, penalties=once)
            return on(case).judge(judged, RULES_OF[case.path], **BY)
        case State.JUDGED | State.HANDLING:
            paid = case.accounts[case.turn].booked
            return submit(case, remedy(paid, compensation=paid or None))
        case State.NOT_ACCEPTED:
            return anew(case)
        case State.NOT_ESTABLISHED if any(memo.ruling is None for memo in case.memoranda):
            return make(case, Move.SUSTAIN)
        case State.DECIDED | State.NOT_ESTABLISHED | State.ANSWERED | State.PROPOSED | State.SATISFIED if not by_letter:
            return make(case, Move.ANSWER)
        case _:
            return make(case, NEXT.get(case.state, Move.CLOSE))


def forward(case: Complaint, part: Any, n: int) -> object:
    """A slip, certificate or penalty goes one step further; raises where it cannot."""
    here, state = on(case), part.state
    if isinstance(part, Certificate):
        if state is _CS.DRAWN_UP:
            return here.sign_certificate(part.number, **CHIEFLY)
        if state is _CS.SIGNED:
            return here.countersign_certificate(part.number, **BY)
        return here.book_certificate(part.number, "V1", **BY)
    if isinstance(part, ReturnSlip):
        if state is _SS.DRAWN_UP:
            return here.sign_slip(part.number, **CHIEFLY)
        if state is _SS.SIGNED:
            return here.take_in(part.number, [attrs.evolve(GOODS, quantity=1)], **BY)
        if state is _SS.DISPUTED:
            return here.resolve(part.number, 1, "one was cut open", **CHIEFLY)
        return here.reconcile(part.number, "V1", **BY)
    if state is _PS.PROPOSED:
        return here.approve_penalty(n, **CHIEFLY)
    if state is _PS.NOTICED:
        return here.carry_out_penalty(n, **CHIEFLY)
    if part.discipline:
        return here.publish_penalty(n, **CHIEFLY)
    return here.notice_penalty(n, f"JF{n}", RULES_OF[case.path], **CHIEFLY)


def undo(case: Complaint, part: Any, n: int, *, waived: bool = False) -> object:
    """A slip is cancelled, a certificate made void, a penalty dropped; raises where it is too late."""
    here = on(case)
    if isinstance(part, Certificate):
        return here.void_certificate(part.number, "not so", waived=waived, **BY)
    if isinstance(part, ReturnSlip):
        return here.cancel_slip(part.number, "not so", **BY)
    return here.drop_penalty(n, "not so", **CHIEFLY)


def parts(case: Complaint) -> list[tuple[Any, int]]:
    """Slips, certificates and penalties that are not at their end, each with its count."""
    ends = (_CS.BOOKED, _CS.VOIDED, _SS.BOOKED, _SS.CANCELLED, _PS.CARRIED_OUT, _PS.DROPPED)
    kinds: Sequence[Sequence[Any]] = (case.slips, case.certificates, case.penalties)
    return [(part, n) for kind in kinds for n, part in enumerate(kind, 1) if part.state not in ends]


def attempt(case: Complaint, do: Callable[[], object]) -> bool:
    """Whether it was done; refused, it has changed nothing."""
    before = attrs.evolve(case)
    try:
        do()
    except DomainError:
        assert case == before
        return False
    return True


def to_its_end(case: Complaint) -> None:
    """Closed, and every part to its end: by going on where that is possible, else by taking it back."""
    for _ in range(40):
        if case.state in (State.CLOSED, State.SETTLING, State.SETTLED, State.WITHDRAWN):
            break
        next_step(case)
    if not case.reviewed:
        on(case).judge_month("sales", "", RULES_OF[case.path], **BY)
    for _ in range(200):
        ends = case.open_ends()
        if not ends:
            return
        here, (name, _, which) = on(case), ends[0].partition(" ")
        if name == "return":
            here.draw_slip(f"TH{len(case.slips)}", "truck", RULES_OF[case.path], salt=SALT, **BY)
        elif name == "compensation":
            left = next(account.left for account in case.accounts.values() if account.left)
            here.draw_certificate(f"ZK{len(case.certificates)}", left, RULES_OF[case.path], **BY)
        elif name == "remark":
            here.answer_remark(int(which), "noted", **BY)
        elif name == "improvement":
            tracked = case.improvements[int(which) - 1].state is ImprovementState.TRACKED
            here.improve(int(which), ImprovementMove.CARRY_OUT if tracked else ImprovementMove.VERIFY, "so", **BY)
        else:
            part, n = next((p, n) for p, n in parts(case) if name == "penalty" or p.number == which)
            if not attempt(case, lambda: forward(case, part, n)):  # noqa: B023 - at once
                undo(case, part, n)
    raise AssertionError(f"{case.state}: {case.open_ends()}")


@attrs.define
class Grant:
    """What the oracle knows of a form: the compensation of its last approved remedy, and what came of it; ``most`` is
    the largest that was ever approved: what is revised may have been paid."""

    amount: int = 0
    most: int = 0
    asked: int = 0
    sub: int = 0
    stands: bool = False
    declined: bool = False


@attrs.frozen
class Paid:
    """A certificate as the oracle has it."""

    amount: int
    turn: int
    sub: int


class Ledgers(RuleBasedStateMachine):
    """Whatever is done in whatever order, on both paths, from every state in which a case comes to us."""

    @initialize(
        start=st.sampled_from([(p, s) for p in Path for s in (None, None, *IMPORTABLE[p])]), quality=st.booleans()
    )
    def begin(self, start: tuple[Path, State | None], quality: bool) -> None:
        path, state = start
        self.case = begun(path, state, quality and path is Path.DEPARTMENTS)
        self.grants = [Grant()]
        self.live, self.booked, self.waived = dict[str, Paid](), dict[str, Paid](), dict[str, Paid]()
        self.drawn = 0

    # --- what the oracle says
    def chains(self) -> list[list[int]]:
        """The forms, those together of which each takes the place of one that was declined."""
        found: list[list[int]] = [[]]
        for turn, grant in enumerate(self.grants):
            found[-1].append(turn)
            if not grant.declined:
                found.append([])
        return [chain for chain in found if chain]

    def stands(self, turn: int) -> bool:
        gone = self.case.state is State.WITHDRAWN and turn == len(self.grants) - 1
        return self.grants[turn].stands and not gone

    def backed(self, paper: Paid) -> bool:
        return self.stands(paper.turn) and self.grants[paper.turn].sub == paper.sub

    def left(self, chain: list[int]) -> int:
        """What of a chain's present grant is on no paper."""
        grant = self.grants[chain[-1]].amount if self.stands(chain[-1]) else 0
        spent = sum(paper.amount for paper in self.booked.values() if paper.turn in chain)
        there = [*self.live.values(), *self.waived.values()]
        on_paper = sum(paper.amount for paper in there if paper.turn in chain and self.backed(paper))
        return max(0, grant - spent - on_paper)

    # --- the case goes on
    @rule(times=st.integers(1, 12))
    def go_on(self, times: int, to: tuple[State, ...] = (State.JUDGED, State.HANDLING)) -> None:
        """Towards its end; what is decided on the way is what was asked for."""
        for _ in range(times):
            if self.case.closed_at is not None or self.case.state in (State.WITHDRAWN, *to):
                return
            self.noting(lambda: next_step(self.case))

    def noting(self, do: Callable[[], object]) -> bool:
        """What became of the remedy of the present form."""
        before, turns = self.case.state, self.case.turn
        done = attempt(self.case, do)
        if self.case.turn > turns:
            self.grants.append(Grant())
        grant, after = self.grants[-1], self.case.state
        if before is State.AWAITING_DECISION and after is State.DECIDED:
            grant.amount, grant.stands = grant.asked, True
            grant.most = max(grant.most, grant.amount)
        elif after is State.NOT_ACCEPTED or (before, after) == (State.PROPOSED, State.HANDLING):
            grant.stands, grant.declined = False, after is State.NOT_ACCEPTED or grant.declined
        return done

    @rule(amount=st.integers(0, 6), goods=st.booleans(), more=st.integers(0, 2), granted=st.booleans())
    def ask(self, amount: int, goods: bool, more: int, granted: bool) -> None:
        """A remedy; one that is less than what was paid of its form's chain is refused. It may be granted at once."""
        if granted and self.case.state is not State.DECIDED:
            self.go_on(12)
        what = remedy(fen(amount + more), compensation=fen(amount) if amount else None, returns=[GOODS] * goods)
        paid = sum(paper.amount for paper in self.booked.values() if paper.turn in self.chains()[-1])
        before = self.case.state
        done = attempt(self.case, lambda: submit(self.case, what))
        assert not (done and amount < paid)
        if before in (State.JUDGED, State.HANDLING):
            assert done is (amount >= paid)
        if done:
            grant = self.grants[-1]
            grant.asked, grant.stands = amount, self.case.path is Path.LEVELS
            grant.sub += 1
            grant.amount = amount if grant.stands else 0
            grant.most = max(grant.most, grant.amount)
            if granted:
                self.go_on(3, (State.DECIDED, State.PROPOSED))

    @rule(outcome=st.sampled_from([Outcome.REJECTED, Outcome.RETURNED, Outcome.APPROVED]))
    def decide(self, outcome: Outcome) -> None:
        self.noting(lambda: decided(self.case, outcome))

    @rule(tracked=st.booleans(), penalties=st.sets(st.sampled_from(PENALTIES)), again=st.booleans())
    def judge(self, tracked: bool, penalties: set[ProposedPenalty], again: bool) -> None:
        judged = attrs.evolve(NAMED, tracked=tracked, penalties=tuple(penalties))
        rules = RULES_OF[self.case.path]
        if again:
            attempt(self.case, lambda: on(self.case).correct_judgement(judged, "not so", rules=rules, **BY))
        attempt(self.case, lambda: on(self.case).judge(judged, rules, **BY))

    @rule(
        what=st.sampled_from(
            ["decline", "withdraw", "dismiss", "anew", "object", "reopen", "return_report", "reclassify", "grave"]
        ),
        times=st.integers(0, 3),
    )
    def aside(self, what: str, times: int) -> None:
        """The side ways."""
        self.go_on(times)
        case, rules = self.case, RULES_OF[self.case.path]
        other = HANDLING if case.form.quality else QUALITY
        acts: dict[str, Callable[[], object]] = {
            "anew": lambda: anew(case),
            "object": lambda: on(case).object(f"QC{len(case.memoranda)}", "no", rules, **BY),
            "return_report": lambda: on(case).return_report("look again", **CHIEFLY),
            "reclassify": lambda: on(case).reclassify(other, "it is not so", rules=rules, **BY),
            "grave": lambda: on(case).mark(harm=True, **BY),
            "dismiss": lambda: make(case, Move.DISMISS, by=CHIEF),
            "reopen": lambda: make(case, Move.REOPEN),
        }
        self.noting(acts.get(what, lambda: make(case, Move(what))))

    @rule()
    def beside(self) -> None:
        for move in (Move.REMARK, Move.INVOLVE):
            attempt(self.case, lambda: make(self.case, move))  # noqa: B023 - run at once

    # --- money and papers
    @rule(more=st.sampled_from([0, 0, -1, 1]), share=st.integers(1, 3), times=st.integers(0, 3))
    def draw(self, more: int, share: int, times: int) -> None:
        """All that is left of a grant, a part of it, or one fen too much; it goes on so many steps."""
        left = next((left for chain in self.chains() if (left := self.left(chain))), 0)
        turn = next((chain[-1] for chain in self.chains() if self.left(chain)), 0)
        amount = left // share + more
        self.drawn += 1
        number, rules = f"ZK-{self.drawn}", RULES_OF[self.case.path]
        done = attempt(self.case, lambda: on(self.case).draw_certificate(number, fen(amount), rules, **BY))
        assert done is (0 < amount <= left)
        if done:
            self.live[number] = Paid(amount, turn, self.grants[turn].sub)
            for _ in range(times):
                self.step(self.case.certificates[-1])

    @precondition(lambda self: self.case.certificates)
    @rule(data=st.data(), back=st.booleans(), waived=st.booleans())
    def certificate(self, data: st.DataObject, back: bool, waived: bool) -> None:
        """One step on or made void; a step on only while its remedy stands."""
        paper = data.draw(st.sampled_from(self.case.certificates))
        if back:
            done = attempt(self.case, lambda: undo(self.case, paper, 0, waived=waived))
            assert done is (paper.number in self.live)
            if done:
                voided = self.live.pop(paper.number)
                self.waived |= {paper.number: voided} if waived else {}
        else:
            self.step(paper)

    def step(self, paper: Certificate) -> None:
        known = self.live.get(paper.number)
        backed = known is not None and self.backed(known)
        done = attempt(self.case, lambda: forward(self.case, paper, 0))
        assert done is backed
        if done and paper.state is _CS.COUNTERSIGNED:
            self.booked[paper.number] = self.live.pop(paper.number)

    @rule(data=st.data(), back=st.booleans(), times=st.integers(1, 4))
    def part(self, data: st.DataObject, back: bool, times: int) -> None:
        """A slip is drawn up, or a slip or a penalty goes on or back."""
        number, rules = f"TH-{len(self.case.slips)}", RULES_OF[self.case.path]
        attempt(self.case, lambda: on(self.case).draw_slip(number, "truck", rules, **BY))
        for _ in range(times):
            open_ = [(part, n) for part, n in parts(self.case) if not isinstance(part, Certificate)]
            if open_:
                part, n = data.draw(st.sampled_from(open_))
                attempt(self.case, lambda: (undo if back else forward)(self.case, part, n))  # noqa: B023 - at once

    @rule(
        amount=st.integers(0, 6),
        share=st.integers(1, 3),
        times=st.integers(0, 3),
        goods=st.booleans(),
        to=st.sampled_from(["", "decline", "anew"]),
    )
    def remedied(self, amount: int, share: int, times: int, goods: bool, to: str) -> None:
        """A whole form: granted, partly paid, and then not accepted, or closed and taken up again."""
        self.ask(amount, goods, 0, True)
        self.draw(0, share, times)
        if to:
            self.go_on(9, (State.ANSWERED, State.PROPOSED) if to == "decline" else ())
            self.aside(to, 0)
            self.aside("anew", 0)

    @rule()
    def review(self) -> None:
        attempt(self.case, lambda: on(self.case).judge_month("sales", "", RULES_OF[self.case.path], **BY))

    # --- what always holds
    @invariant()
    def papers_say_what_was_granted_drawn_up_booked_and_given_up(self) -> None:
        case = self.case
        accounts = list(case.accounts.values())
        assert sum(a.booked.minor for a in accounts) == sum(paper.amount for paper in self.booked.values())
        assert {c.number for c in case.certificates if c.state is _CS.BOOKED} == self.booked.keys()
        assert [a.left.minor for a in accounts] == [self.left(chain) for chain in self.chains()]
        for account, chain in zip(accounts, self.chains(), strict=True):
            spent = sum(paper.amount for paper in self.booked.values() if paper.turn in chain)
            grant = self.grants[chain[-1]].amount if self.stands(chain[-1]) else 0
            assert account.granted.minor == max(grant, spent)
            assert spent <= max(self.grants[turn].most for turn in chain)
        besides = sum(form.approved.remedy.granted.minor for form in case.forms if form.approved)
        assert (0 if case.granted is None else case.granted.minor) <= besides + sum(a.granted.minor for a in accounts)

    @invariant()
    def a_case_is_settled_exactly_when_nothing_is_open(self) -> None:
        if self.case.closed_at is not None:
            assert (self.case.state is State.SETTLED) is (not self.case.open_ends())

    @invariant()
    def goods_and_penalties_are_counted_once(self) -> None:
        case = self.case
        slips = [(s.turn, s.submission) for s in case.slips if s.state is not _SS.CANCELLED]
        assert len(set(slips)) == len(slips)
        for slip in case.slips:
            if slip.state is _SS.BOOKED:
                assert sum(line.quantity for line in slip.returned) == slip.approved
        standing = [penalty.on for penalty in case.penalties if penalty.state is not _PS.DROPPED]
        assert len(set(standing)) == len(standing)

    def teardown(self) -> None:
        if not hasattr(self, "case"):
            return
        case = self.case
        to_its_end(case)
        for paper in case.papers:
            paper.verify()
        assert case.state in (State.SETTLED, State.WITHDRAWN)
        for turn, account in case.accounts.items():
            assert not account.left
            assert not account.drawn_up
            what = case.standing.get(turn)
            if what is not None and what.compensation is not None:
                assert account.booked + account.waived == what.compensation


TestLedgers = Ledgers.TestCase


STARTS: Final = [(path, state, quality) for path in Path for state in IMPORTABLE[path] for quality in (False, True)]


@pytest.mark.parametrize(("path", "state", "quality"), STARTS)
def test_f03_a_case_that_is_taken_over_in_any_state_goes_the_rest_of_its_way(
    path: Path, state: State, quality: bool
) -> None:
    case = begun(path, state, quality)
    to_its_end(case)
    assert case.state is State.SETTLED


@pytest.mark.parametrize("path", Path)
def test_f04_what_was_paid_counts_against_what_is_granted_anew(path: Path) -> None:
    ledgers = Ledgers()
    ledgers.begin((path, None), False)
    ledgers.remedied(500, 1, 3, False, "decline")  # 500 are booked, then the customer declines
    ledgers.ask(700, False, 0, True)
    case = ledgers.case
    account = case.accounts[case.turn]
    assert [money.minor for money in (account.granted, account.booked, account.left)] == [700, 500, 200]
    assert case.granted == fen(700)


@pytest.mark.parametrize("path", Path)
def test_f04_a_certificate_that_is_overtaken_or_not_countersigned_is_made_void(path: Path) -> None:
    ledgers = Ledgers()
    ledgers.begin((path, None), False)
    ledgers.remedied(500, 1, 0, False, "decline")  # drawn up, then the customer declines
    case = ledgers.case
    (old,) = case.certificates
    assert not attempt(case, lambda: forward(case, old, 0))
    undo(case, old, 0)
    ledgers.ask(300, False, 0, True)
    ledgers.draw(0, 1, 1)  # signed, and the customer signs nothing
    ledgers.go_on(9, ())
    assert case.closed_at is not None
    undo(case, case.certificates[-1], 0, waived=True)
    to_its_end(case)
    assert case.state is State.SETTLED
    assert [c.state for c in case.certificates] == [_CS.VOIDED, _CS.VOIDED]


def test_f23_what_went_out_is_what_the_figures_say() -> None:
    ledgers = Ledgers()
    ledgers.begin((Path.DEPARTMENTS, None), False)
    ledgers.ask(0, True, 3200, True)  # goods for a credit of 3,200, without money
    case = ledgers.case
    on(case).draw_slip("TH1", "truck", RULES_OF[case.path], **BY)
    on(case).sign_slip("TH1", **CHIEFLY)
    on(case).take_in("TH1", [GOODS], **BY)
    on(case).reconcile("TH1", "V1", **BY)
    ledgers.go_on(1)
    ledgers.aside("decline", 0)
    assert case.granted == fen(3200)
    ledgers.aside("anew", 0)
    ledgers.ask(2000, False, 0, True)
    assert case.granted == fen(5200)
