"""A whole complaint, each use case under its key: done twice, it answers alike and changes nothing more."""

import pytest

from adapters.harness import BACKENDS, Desks
from adapters.whole import CERTIFICATE, SLIP, STEPS, StepIds, step_of
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import NUMBERING, ONE_WRITER
from csdomain.kernel.store.ports import Receipt
from csdomain.testing import snapshot


@pytest.mark.rule(ONE_WRITER, NUMBERING)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_whole_complaint_repeated_under_its_keys_answers_alike(desks: Desks, backend: str) -> None:
    ids = StepIds()
    desk = desks(backend, ids=ids)
    do, answers, id = step_of(desk, ids), dict[str, Receipt](), ""
    for step in STEPS:
        answers[step] = do(step, id, key="k")
        id = answers[step].id
    assert (answers["draw_slip"].number, answers["draw_certificate"].number) == (SLIP, CERTIFICATE)
    left = snapshot(desk.store, (COMPLAINTS,))
    assert {step: do(step, id, key="k") for step in STEPS} == answers, "papers answer with their own numbers again"
    assert snapshot(desk.store, (COMPLAINTS,)) == left
