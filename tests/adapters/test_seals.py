"""A signature covers every field that the signed step decided on: whatever of it is changed in the row is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.harness import Desks
from adapters.tampering import tamper
from adapters.whole import STEPS, StepIds, instant, step_of
from csdomain.complaints.case.papers import require_as_signed
from csdomain.complaints.rules import WITHIN_LIMIT
from csdomain.kernel.papers.documents import Tampered, Unsigned
from csdomain.kernel.rules import FORMS
from csdomain.testing import staff

pytestmark = [pytest.mark.rule(FORMS, WITHIN_LIMIT), pytest.mark.parametrize("backend", ["memory", "sqlite"])]


def form(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["forms"][-1]
    return found


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "who asked": lambda data: form(data)["submissions"][-1].update(by="somebody-else"),
    "when": lambda data: form(data)["submissions"][-1].update(at=1),
    "goods": lambda data: form(data)["submissions"][-1]["remedy"]["returns"][0].update(product="another"),
    "liable": lambda data: form(data)["judgement"].update(
        liable="customer", unit="", persons=[], shares=[], penalties=[]
    ),
    "unit": lambda data: form(data)["judgement"].update(unit="sales"),
    "persons": lambda data: form(data)["judgement"].update(persons=[]),
    "penalty": lambda data: form(data)["judgement"]["penalties"][0].update(on="worker-8"),
    "share": lambda data: form(data)["judgement"]["shares"][0].update(weight=9),
    "class": lambda data: form(data)["classification"].update(cause="transport"),
    "quality": lambda data: form(data).update(quality=False),
    "finding": lambda data: form(data)["finding"].update(confirmed=False),
    "demand": lambda data: form(data)["document"]["personal"].update(demand="nothing"),
    "customer": lambda data: data.update(customer="another"),
    "last signature": lambda data: form(data)["document"]["signatures"].pop(),
    "basis": lambda data: form(data)["document"]["signatures"][-1].update(basis=""),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", ["approve", "answer", "draw_slip"])
def test_f42_what_was_decided_on_is_sealed(desks: Desks, backend: str, step: str, change: str) -> None:
    ids = StepIds()
    desk = desks(backend, ids=ids)
    do, id = step_of(desk, ids), ""
    for before in list(STEPS)[: list(STEPS).index(step)]:
        id = do(before, id).id
    put_back = tamper(desk, id, CHANGES[change])
    with pytest.raises((Tampered, Unsigned)):
        do(step, id)
    put_back()
    do(step, id)


def test_f42_a_grave_case_stays_grave_and_one_may_become_so(desks: Desks, backend: str) -> None:
    for marked in ("judge", "submit"):
        ids = StepIds()
        desk = desks(backend, ids=ids)
        do, id, people = step_of(desk, ids), "", staff(desk)
        for before in list(STEPS)[: list(STEPS).index("approve")]:
            id = do(before, id).id
            if before == marked:
                desk.complaints.mark(id, by=people["service_agent"], at=instant(marked))
        require_as_signed(desk.complaints.get(id, by=people["general_manager"]))
        put_back = tamper(desk, id, lambda data: data.update(grave=False))
        if marked == "judge":  # before the remedy was signed
            with pytest.raises(Tampered):
                do("approve", id)
        put_back()
