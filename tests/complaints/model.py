"""A complaint on the pure model up to the decision: what the tests of deciding and telling share."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs
import pytest

from complaints.hand import ANN, SALT, T0, Drawn, act, anyone, on
from csdomain import DomainError
from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands import receiving
from csdomain.complaints.values import COMPLAINT_RULES, Channel, ComplaintRules, Finding, Judgement, Liable, Remedy
from csdomain.desk import load_rulebook
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import Money
from csdomain.testing import HANDLING, QUALITY, complaint_form

E = TypeVar("E", bound=DomainError)
RULES: Final = load_rulebook("after_sales")[COMPLAINT_RULES]
JUDGED: Final = Judgement(liable=Liable.US, unit="production", persons=("wu", "li", "zhao", "worker-7"), tracked=False)
TURNED_DOWN: Final = "that is not enough"
#: Rules on reports, which are Ann's.
CHIEF: Final = anyone("chief")


def cny(amount: int | str) -> Money:
    """Yuan."""
    return Money.of(amount, "CNY")


def fen(minor: int) -> Money:
    """Yuan, by the fen."""
    return Money(minor, "CNY")


def holding(**held: str) -> Standing:
    """Who holds which authority, without delegations: ``holding(bob="general_manager")``."""
    return Standing({ActorId(id): frozenset({authority}) for id, authority in held.items()})


def received(claimed: Money | None = None, rules: ComplaintRules = RULES, **more: Any) -> Complaint:
    """A case of the pure model with its first form."""
    draws = Drawn(["KS202603-0001"], SALT)
    return receiving.receive(act(ANN, T0, rules, draws=draws), complaint_form(claimed=claimed, **more))[0]


def accept(case: Complaint, rules: ComplaintRules = RULES, *, quality: bool = False, grave: bool = False) -> None:
    """Checked by sales and accepted."""
    on(case).check("ours")
    on(case).accept(QUALITY if quality else HANDLING, rules, grave=grave)


def judge(case: Complaint, rules: ComplaintRules = RULES, judgement: Judgement | None = JUDGED) -> None:
    """From accepted on: investigated, reported, ruled on, and judged unless there is no judgement yet."""
    on(case).investigate()
    if case.form.quality:
        on(case).inspect(Finding(True, "cracked"))
    on(case).conclude()
    on(case).report("how it came about")
    on(case).rule("carry on", by=CHIEF)
    if judgement is not None:
        on(case).judge(judgement, rules)


def remedy(granted: Money, **more: Any) -> Remedy:
    """What is proposed."""
    return Remedy(granted=granted, **{"text": "we make it good", **more})


def approve(case: Complaint, rules: ComplaintRules = RULES, authority: str = "", **more: Any) -> Any:
    """Whoever holds the authority, the highest unless another is named, approves."""
    held = holding(top=authority or rules.ladder.bands[-1].authority)
    return on(case).decide(Outcome.APPROVED, rules, held, by=anyone("top"), **more)


def submitted(
    forms: list[tuple[Money | None, Money]], rules: ComplaintRules = RULES, *, quality: bool = False, by: Actor = ANN
) -> Complaint:
    """A case with a form for each claim and grant: all but the last were approved and turned down, it is submitted."""
    case = received(forms[0][0], rules)
    accept(case, rules, quality=quality)
    for turn, (claimed, granted) in enumerate(forms, 1):
        if turn > 1:
            approve(case, rules)
            on(case).answer(Channel.LETTER, "so it is", rules=rules)
            on(case).decline(TURNED_DOWN)
            on(case).renew(f"KS202603-{turn:04}", complaint_form(claimed=claimed), rules)
        judge(case, rules)
        on(case).submit(remedy(granted), rules, by=by if turn == len(forms) else ANN)
    return case


def check_unchanged(case: Complaint, error: type[E], act: Callable[[], object]) -> E:
    """The error of a command, after which the case is as it was."""
    before = attrs.evolve(case)
    with pytest.raises(error) as caught:
        act()
    assert case == before
    return caught.value
