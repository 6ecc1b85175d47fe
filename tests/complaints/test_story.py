"""The story that `make demo` tells, held to what it says: who was refused by which rule, what leaves the house."""

import runpy
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import csdomain
from csdomain.casework.letters import Disclosure
from csdomain.complaints.policies import LETTERS
from csdomain.complaints.rules import FINANCE, NOT_ACCEPTED, NOTICE, RETURN_SLIP, STATES, WITHIN_LIMIT
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules import APPROVALS

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "06_a_quality_complaint.py"


@pytest.fixture(scope="module")
def story() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


@pytest.mark.rule(STATES, WITHIN_LIMIT, NOTICE, NOT_ACCEPTED, RETURN_SLIP, FINANCE)
def test_the_quality_complaint_is_settled_as_it_is_told(story: dict[str, Any], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    lines: list[tuple[str, str]] = []
    id = story["tell"](url, lambda kind, text: lines.append((kind, text)))

    with csdomain.open(url) as desk:
        boss = desk.actor("general_manager", branch="hq", positions=("general_manager",))
        case = desk.complaints.get(id, by=boss)
        timers = desk.complaints.deadlines(id, by=boss, at=desk.clock.now())
        refusals = desk.store.look(lambda unit: list(unit.session.refusals(id)))
        trail = desk.complaints.trail(id, by=boss)

    assert case.state.value == "settled"
    assert [form.former for form in case.forms] == [None, case.forms[0].number]
    assert {timer.state for timer in timers} <= {TimerState.MET, TimerState.CANCELLED}
    # Three were refused, and it is on record by which rule.
    assert [(refused.by, refused.rule) for refused in refusals] == [
        ("sales_manager", APPROVALS.id),
        ("sales", NOTICE.id),
        ("deputy_general_manager", APPROVALS.id),
    ]
    shown = [text for kind, text in lines if kind == "refused"]
    assert [APPROVALS.id in text or NOTICE.id in text for text in shown] == [True] * 6  # in two languages each
    # The copies of the slip travel.
    assert [" ".join(text.split()) for kind, text in lines if kind == "paper" and " 1: " in text] == [
        "drawn up 1: sales 2: - 3: - 4: -",
        "signed 1: sales 2: warehouse 3: warehouse 4: warehouse",
        "taken in 1: sales 2: warehouse 3: finance 4: sales",
    ]
    # Nothing of what was written inside stands in what the customer reads.
    read = [form.answer.text for form in case.forms if form.answer is not None]
    assert len(read) == 2
    for letter in read:
        assert LETTERS.disclosed(letter, case.internal, "", Disclosure()) == ()
    # The trail is told whole.
    told = [text.split()[4] for kind, text in lines if kind == "trail"]
    assert told == [line.move for line in trail if line.move]


def test_it_is_coloured_on_a_terminal_only(
    story: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for terminal, quiet, shown in ((True, "", True), (False, "", False), (True, "1", False)):
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        if quiet:
            monkeypatch.setenv("NO_COLOR", quiet)
        story["show"]("refused", "no")
        assert ("\033[" in capsys.readouterr().out) is shown
