"""Contract of refusals: they change nothing and are kept (KRN-13, design decision D6)."""

import pytest

from csdomain.kernel.rules import AUDITED, MOVES, Text
from csdomain.kernel.rules.errors import Conflict, NotFound, RuleBroken, StoreFailure, require
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import ActorId

from .base import Contract, Rig, raising


class RefusalContract(Contract):
    """Refusals: they change nothing and are kept (KRN-13, design decision D6)."""

    def test_a_refusal_is_kept_after_the_rollback(self, rig: Rig) -> None:
        specimen = rig.stored()

        def work(unit: StandardUnit) -> None:
            rig.everything(unit, rig.specimen())
            require(False, MOVES, accepted=Text("a", "b"), amount=12, phone="13812345678")

        before = rig.unrefused()
        call = rig.call("specimen.move", subject=specimen.id, by=ActorId("agent-9"))
        for _ in range(2):
            with pytest.raises(RuleBroken):
                rig.run(work, call)
        assert rig.unrefused() == before
        kept = rig.store.look(lambda unit: unit.session.refusals(specimen.id))
        assert len(kept) == 2
        assert (kept[0].use_case, kept[0].by, kept[0].at) == ("specimen.move", "agent-9", rig.clock.now())
        assert (kept[0].subject, kept[0].rule, kept[0].code) == (specimen.id, MOVES.id, "rule_broken")
        assert dict(kept[0].facts) == {"amount": "12", "phone": "•••"}

    def test_what_is_no_refusal_is_not_kept(self, rig: Rig) -> None:
        specimen = rig.stored()
        for error in (ValueError(), Conflict(), NotFound(), StoreFailure()):
            with pytest.raises(type(error)):
                rig.run(lambda unit: raising(error), rig.call(subject=specimen.id))  # noqa: B023 - run at once
        with pytest.raises(RuleBroken):
            rig.run(lambda unit: require(False, MOVES))  # no use case, nobody refused
        assert rig.store.look(lambda unit: unit.session.refusals(specimen.id)) == []
        assert rig.store.look(lambda unit: unit.session.refusals("")) == []

    def test_refusals_are_listed_by_subject_in_order(self, rig: Rig) -> None:
        for n in range(6):
            with pytest.raises(RuleBroken):
                rig.run(
                    lambda unit: require(False, AUDITED, n=n),  # noqa: B023 - run at once
                    rig.call(subject="one" if n % 2 else "two"),
                )
        kept = rig.store.look(lambda unit: [unit.session.refusals(subject) for subject in ("one", "two", "three")])
        assert [[refusal.facts["n"] for refusal in part] for part in kept] == [["1", "3", "5"], ["0", "2", "4"], []]

    def test_a_refusal_inside_a_larger_unit_is_kept_as_its_own(self, rig: Rig) -> None:
        def flow(unit: StandardUnit) -> None:
            Joined(unit).run(lambda u: require(False, MOVES), rig.call("specimen.inner", subject="inner"))

        with pytest.raises(RuleBroken) as caught:
            rig.run(flow, rig.call("specimen.outer", subject="outer"))
        kept = rig.store.look(lambda unit: unit.session.refusals("inner"))
        assert [refusal.use_case for refusal in kept] == ["specimen.inner"]
        assert caught.value.refusal == kept[0]
