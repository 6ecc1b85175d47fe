"""From the counter to the report: who moves a case where, and what each step needs first (CMP-03, 07, 16, 17, 29)."""

from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from complaints.cases import ACTS, BY_LEVEL, FINDING, UNTIL, WAYS, A, B, make, stands
from complaints.desks import Counter
from complaints.hand import ANN, T0, anyone, on
from complaints.model import CHIEF, RULES, check_unchanged, holding, received, remedy
from csdomain.complaints.commands.marks import does
from csdomain.complaints.events import ComplaintMoved
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, Move, State
from csdomain.complaints.rules import ACCEPTANCE, CHASING, JOINT, JUDGEMENT, LOSS, REMARKS, REPORT, SALES_CHECK, STATES
from csdomain.complaints.rules import FINDING as FINDING_RULE
from csdomain.complaints.values import (
    Classification,
    Finding,
    Judgement,
    Liable,
    MalformedStep,
    Path,
    ProposedPenalty,
    Share,
)
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.actors import MalformedActor
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.testing import HANDLING, QUALITY, complaint_form
from csdomain.testing.strategies import storable_texts

MINUTE: Final = timedelta(minutes=1)

#: The moves of CMP-25 as the catalogue tells them: a bare name stays in its state.
BY_AMOUNT: Final = """
received: check>checked
checked: accept>accepted
accepted: investigate>investigating involve contribute dismiss>not_established
investigating: involve contribute inspect conclude report>reported dismiss>not_established
reported: contribute inspect rule judge>judged dismiss>not_established return_report>investigating
judged: correct_judgement submit>awaiting_decision
awaiting_decision: recommend approve>decided return_back>judged
decided: revise>awaiting_decision answer>answered
answered: answer decline>not_accepted close>closed
not_accepted: renew>accepted
not_established: answer object sustain reopen>investigating close>closed
closed: renew>accepted
settling: renew>accepted
settled: renew>accepted
"""
BY_LEVELS: Final = """
received: handle>handling
handling: escalate propose>proposed
proposed: satisfy>satisfied decline>handling answer
satisfied: close>closed answer
closed: handle_again>handling
settling: handle_again>handling
settled: handle_again>handling
"""
AT_ANY_TIME: Final = "mark assign promise remark wait_for_customer resume prioritise note clear".split()
ENDED: Final = ("closed", "settling", "settled", "withdrawn")


def told(path: Path) -> dict[tuple[str, str], str]:
    """Where each move leads from each state, read from the text above."""
    found: dict[tuple[str, str], str] = {}
    for line in (BY_AMOUNT if path is A else BY_LEVELS).strip().splitlines():
        state, _, moves = line.partition(": ")
        for one in moves.split():
            move, _, dest = one.partition(">")
            found[state, move] = dest or state
    for state in (there.value for there in WAYS[path] if there.value not in ENDED):
        found |= {(state, move): state for move in AT_ANY_TIME}
        if state in ("accepted", "investigating", "reported", "handling"):
            found[state, "reclassify"] = state
        if state != "satisfied":
            found[state, "withdraw"] = "withdrawn"
    found |= {(state, "note"): state for state in ("closed", "settling")}
    return found | {("closed", "review"): "settling", ("settling", "review"): "settling"}


@pytest.mark.rule(STATES)
def test_the_two_tables_are_the_whole_table() -> None:
    for path in (A, B):
        steps = [step for step in COMPLAINT_MOVES.steps if step.on(path.value) and step.source is not None]
        rows = {
            (s.source.value, s.trigger.value): s.dest.value
            for s in steps
            if s.source and s.trigger not in (set(Move) - does.made)
        }
        shared = {"closed", "settling"}
        assert {row: dest for row, dest in rows.items() if row[0] in {s.value for s in WAYS[path]} | shared} == told(
            path
        )
    assert COMPLAINT_MOVES.final == {State.SETTLED, State.WITHDRAWN}
    assert set(ACTS) == does.made - {Move.RECEIVE}


# --- what was given is not possible -----------------------------------------------------------------------------------

UNWRITTEN: Final = ("", " \n")
EURO: Final = remedy(Money.of(1, "EUR"))
NOBODY: Final = ("", "a\nb", "x" * 65, "bob@example.com")
ON_LINE: Final = holding(ann="receiver")
#: What no step takes: the state, the error, the move and what it is given. What no text and no instant is, and what no
#: context takes, the contract tries.
WRONG: Final[list[tuple[State, Path, type[Exception], Move, tuple[Any, ...]]]] = [
    *(
        (state, A, MalformedStep, move, (*before, text))
        for text in UNWRITTEN
        for state, move, *before in (
            (State.RECEIVED, Move.CHECK),
            (State.INVESTIGATING, Move.REPORT),
            (State.REPORTED, Move.RULE),
            (State.REPORTED, Move.DISMISS),
            (State.JUDGED, Move.WITHDRAW),
            (State.ANSWERED, Move.DECLINE),
            (State.ACCEPTED, Move.CONTRIBUTE, "production"),
        )
    ),
    *((State.CHECKED, A, MalformedStep, Move.REMARK, (text, "building")) for text in UNWRITTEN),
    *((State.HANDLING, B, MalformedStep, Move.ESCALATE, (text, BY_LEVEL, ON_LINE)) for text in UNWRITTEN),
    *((State.ANSWERED, A, RuleBroken, Move.CLOSE, (text,)) for text in UNWRITTEN),
    *((State.ACCEPTED, A, MalformedActor, Move.ASSIGN, (who,)) for who in NOBODY),
    *((State.ACCEPTED, A, MalformedActor, Move.REMARK, ("slow", who)) for who in NOBODY),
    *((State.ACCEPTED, A, MalformedActor, Move.INVOLVE, (["rnd", who], UNTIL)) for who in NOBODY),
    *((State.ACCEPTED, A, RuleBroken, Move.PROMISE, (until,)) for until in (T0, T0 - MINUTE)),
    *((State.ACCEPTED, A, RuleBroken, Move.INVOLVE, (["rnd"], until)) for until in (T0, T0 - MINUTE)),
    (State.JUDGED, A, CurrencyMismatch, Move.SUBMIT, (EURO, RULES)),
    (State.DECIDED, A, CurrencyMismatch, Move.REVISE, (EURO, RULES)),
]


@pytest.mark.rule(STATES)
@pytest.mark.parametrize(("state", "path", "error", "move", "given_"), WRONG)
def test_what_a_step_cannot_take_is_named_and_changes_nothing(
    state: State, path: Path, error: type[DomainError], move: Move, given_: tuple[Any, ...]
) -> None:
    case = stands(state, path, before=move)
    said = {"word_of": "foreman"} if move is Move.CONTRIBUTE else {}
    check_unchanged(case, error, lambda: getattr(on(case), move.value)(*given_, **said))
    make(case, move, by=ANN)  # with sound values it goes on from there


# --- sales, acceptance ------------------------------------------------------------------------------------------------


@pytest.mark.rule(SALES_CHECK, ACCEPTANCE)
@given(storable_texts(1, 600).filter(str.strip), st.booleans(), st.sampled_from([HANDLING, QUALITY]))
def test_customer_service_accepts_only_what_sales_has_checked_and_signed(
    opinion: str, grave: bool, kind: Classification
) -> None:
    case = received()
    check_unchanged(case, MoveRefused, lambda: on(case).accept(kind, RULES, grave=grave))
    (checked,) = on(case).check(opinion, by=anyone("sal"), at=T0 + MINUTE)
    signature = case.form.document.signature("sales")
    assert (signature.by, signature.at) == ("sal", T0 + MINUTE)
    assert case.form.checked is not None
    assert (case.form.checked.by, case.form.checked.text) == ("sal", opinion)
    assert isinstance(checked, ComplaintMoved)
    assert checked.reason == (opinion if len(opinion) <= 400 else f"{opinion[:399]}…")
    check_unchanged(case, MoveRefused, lambda: on(case).check(opinion, at=T0 + MINUTE))
    on(case).accept(kind, RULES, grave=grave, by=anyone("ser"), at=T0 + 2 * MINUTE)
    paper = case.form.document
    paper.require_signed("sales", "customer_service")
    assert (paper.stated("class"), paper.stated("cause")) == (kind.name, kind.cause)
    assert (case.form.accepted_at, case.owner, case.grave) == (T0 + 2 * MINUTE, "ser", grave)
    assert case.form.quality is (kind is QUALITY)


# --- the investigation ------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPORT, FINDING_RULE)
@given(st.lists(st.sampled_from(["inspect", "conclude", "report", "rule", "judge"]), max_size=9), st.booleans())
@example(["conclude", "conclude", "report", "report", "rule", "rule", "inspect", "inspect", "judge"], True)
def test_a_report_follows_the_end_of_the_investigation_and_a_judgement_the_ruling(
    tried: list[str], quality: bool
) -> None:
    """Each once and in this order: ended, reported, ruled on, judged; R&D finds before the judgement (CMP-07, 27)."""
    case = stands(State.INVESTIGATING, quality=quality)
    done: list[str] = []
    for name in tried:
        needs = {"report": "conclude", "rule": "report", "judge": "rule"}.get(name)
        fine = name not in done and (needs is None or needs in done) and "judge" not in done
        fine = fine and not (name == "conclude" and "report" in done)
        fine = fine and not (name == "judge" and quality and "inspect" not in done)
        if fine:
            make(case, Move(name), by=CHIEF if name == "rule" else ANN)
            done.append(name)
        else:
            check_unchanged(case, RuleBroken, lambda: make(case, Move(name), by=CHIEF))  # noqa: B023 - run at once
    form, paper = case.form, case.form.document
    assert (form.concluded_at is not None) is ("conclude" in done)
    assert (form.report is not None) is ("report" in done)
    assert (form.ruling is not None) is ("rule" in done)
    assert [one.role for one in paper.signatures[2:]] == [
        {"inspect": "rnd", "rule": "ruling"}[name] for name in done if name in ("inspect", "rule")
    ]
    assert (case.state is State.JUDGED) is ("judge" in done)


@pytest.mark.rule(FINDING_RULE)
@given(st.booleans(), storable_texts(1, 50).filter(str.strip), st.sampled_from([State.INVESTIGATING, State.REPORTED]))
def test_the_finding_stands_on_the_form_and_is_signed(confirmed: bool, text: str, state: State) -> None:
    case = stands(state)
    found = attrs.evolve(FINDING, confirmed=confirmed, text=text)
    on(case).inspect(found, by=anyone("lab"))
    paper = case.form.document
    assert paper.signature("rnd").by == "lab"
    assert paper.stated("finding") == ("confirmed" if confirmed else "denied")
    assert case.finding == found
    check_unchanged(case, RuleBroken, lambda: on(case).inspect(found, by=anyone("lab")))


@pytest.mark.rule(FINDING_RULE, REPORT)
def test_an_investigation_that_is_begun_anew_wants_finding_report_and_ruling_again() -> None:
    case = stands(State.INVESTIGATING, quality=True)
    for move in (Move.INSPECT, Move.CONCLUDE, Move.REPORT, Move.RULE, Move.DISMISS, Move.ANSWER, Move.OBJECT):
        make(case, move)
    make(case, Move.REOPEN)
    assert (case.form.finding, case.form.report, case.form.ruling, case.form.concluded_at) == (None,) * 4
    check_unchanged(case, RuleBroken, lambda: make(case, Move.REPORT))
    make(case, Move.CONCLUDE)
    make(case, Move.REPORT)
    check_unchanged(case, RuleBroken, lambda: make(case, Move.JUDGE))
    make(case, Move.RULE)
    check_unchanged(case, RuleBroken, lambda: make(case, Move.JUDGE))
    make(case, Move.INSPECT)
    make(case, Move.JUDGE)
    roles = [signature.role for signature in case.form.document.signatures]
    assert roles == ["sales", "customer_service", "rnd", "ruling", "dismissal", "ruling.2", "rnd.2"]


# --- what the customer remarks besides --------------------------------------------------------------------------------


@pytest.mark.rule(REMARKS)
@given(
    st.sampled_from([(path, state) for path, ways in WAYS.items() for state in ways if state.value not in ENDED]),
    st.lists(st.sampled_from(["building", "sales", "rnd"]), min_size=1, max_size=3),
    st.data(),
)
def test_a_remark_goes_to_its_department_and_stays_open_until_that_has_dealt_with_it(
    place: tuple[Path, State], departments: list[str], data: st.DataObject
) -> None:
    path, state = place
    case = stands(state, path)
    for count, department in enumerate(departments, 1):
        (noted,) = on(case).remark("the lift is slow", department)
        assert isinstance(noted, ComplaintMoved)
        assert (getattr(noted, "department", None), getattr(noted, "remark", None)) == (department, count)
        assert case.state is state
    waiting = set(range(1, len(departments) + 1))
    for count in data.draw(st.lists(st.integers(0, len(departments) + 1), max_size=5)):
        assert {end for end in case.open_ends() if end.startswith("remark")} == {f"remark {n}" for n in waiting}
        if count in waiting:
            (answered,) = on(case).answer_remark(count, "we look into it")
            assert (getattr(answered, "move", ""), getattr(answered, "dest", "")) == ("remark.answer", "done")
            waiting.remove(count)
        else:
            known = 1 <= count <= len(departments)
            check_unchanged(
                case,
                MoveRefused if known else NotFound,
                lambda: on(case).answer_remark(count, "again"),  # noqa: B023 - run at once
            )
    assert case.state is state


@pytest.mark.rule(REMARKS)
@pytest.mark.parametrize("established", [True, False])
def test_a_case_is_not_settled_before_its_remarks_are_dealt_with(established: bool) -> None:
    case = stands(State.ACCEPTED)
    on(case).remark("the lift is slow", "building")
    rest = WAYS[A][State.CLOSED][2:] if established else (Move.DISMISS, Move.ANSWER, Move.CLOSE)
    for move in rest:
        make(case, move)
    make(case, Move.REVIEW)
    assert case.state.value == "settling"
    assert case.open_ends() == ("remark 1",)
    on(case).answer_remark(1, "a new motor")
    assert case.state.value == "settled"


@pytest.mark.rule(REMARKS)
def test_a_remark_is_told_to_its_department_by_id_without_the_customers_words() -> None:
    counter = Counter.open()
    counter.receive(complaint_form())
    counter.go("remark", ("remark", "nobody greets", "front_desk"))
    sent = counter.messages("remark")
    assert counter.told("remark") == ["building", "front_desk"]
    assert not any("lift" in repr(message) or "greets" in repr(message) for message in sent)
    assert [dest for move, _, dest in counter.rows if move == "remark"] == ["received", "received"]


# --- what the form holds, and who is penalised ------------------------------------------------------------------------


@pytest.mark.rule(JOINT, JUDGEMENT)
def test_f22_the_form_holds_the_joint_time_and_what_was_judged_under_a_seal() -> None:
    case = stands(State.JUDGED, before=Move.CONTRIBUTE)
    fresh = stands(State.ACCEPTED)
    make(fresh, Move.INVOLVE)
    assert fresh.form.document.stated("joint") == f"production: {UNTIL.isoformat()}"
    make(case, Move.SUBMIT)
    assert case.form.document.stated("unit") == "production"
    assert case.form.document.stated("persons") == "wu, li, zhao, worker-7"


@pytest.mark.rule(LOSS)
@pytest.mark.parametrize("on_", ["wu", "production", "stores", "worker-9", "passer-by"])
def test_f22_a_penalty_is_on_somebody_whom_the_finding_or_the_judgement_names(on_: str) -> None:
    case = stands(State.REPORTED, before=Move.JUDGE)
    on(case).inspect(Finding(True, "cracked", persons=("worker-9",)))
    shares = (Share("production"), Share("stores"))
    judged = Judgement(liable=Liable.US, unit="production", persons=("wu",), shares=shares, tracked=False)
    judged = attrs.evolve(judged, penalties=(ProposedPenalty(on_, "warning"),))
    if on_ == "passer-by":
        assert check_unchanged(case, RuleBroken, lambda: on(case).judge(judged, RULES)).rule is LOSS
    else:
        on(case).judge(judged, RULES)


@pytest.mark.rule(LOSS)
def test_f22_a_penalty_of_nothing_is_none() -> None:
    case = stands(State.REPORTED, before=Move.JUDGE)
    lost = {"goods": Money(1, "CNY")}
    on_stores = (ProposedPenalty("stores"),)
    judged = Judgement(liable=Liable.US, unit="stores", tracked=False, loss=lost, penalties=on_stores)
    check_unchanged(case, MalformedStep, lambda: on(case).judge(judged, RULES))


@pytest.mark.rule(JOINT)
def test_f22_a_part_is_contributed_by_the_department_or_on_its_recorded_word() -> None:
    case = stands(State.ACCEPTED, before=Move.CONTRIBUTE)
    error = check_unchanged(case, RuleBroken, lambda: on(case).contribute("production", "worn"))
    assert error.rule is CHASING
    other = attrs.evolve(case)
    on(case).contribute("production", "worn", word_of="foreman")
    on(other).contribute("production", "worn", by=anyone("pia", "production"))
    assert [case.parts[0].word_of, other.parts[0].word_of] == ["foreman", None]
