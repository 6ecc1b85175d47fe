"""Who holds what and who stands in: the contract of the port, the fake that keeps it, wrong ones that it catches."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import attrs
import pytest

from adapters.test_contracts import failing
from csdomain.casework.authorities import Authorities, GivenPositions, Standing
from csdomain.kernel.papers.approvals import Delegation, Delegations
from csdomain.kernel.rules import APPROVALS
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.testing import AuthoritiesContract, FakeAuthorities
from csdomain.testing.notifier import MESSAGE


class TestFakeAuthorities(AuthoritiesContract):
    pytestmark = pytest.mark.rule(APPROVALS)

    @pytest.fixture
    def authorities(self) -> FakeAuthorities:
        return FakeAuthorities()

    @pytest.fixture
    def give(self, authorities: FakeAuthorities) -> Callable[..., object]:
        return authorities.give

    @pytest.fixture
    def delegate(self, authorities: FakeAuthorities) -> Callable[[Delegation], object]:
        return authorities.delegate


class Remembers(FakeAuthorities):
    """What was held once is held for ever."""

    def give(self, id: str, *positions: str) -> None:
        super().give(id, *(*positions, *self._held.get(id, ())))


class SaysEverything(FakeAuthorities):
    def standing(self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, **lock: bool) -> Standing:
        return super().standing(unit, by, {"clerk", "chief"}, at)


class EverybodyHolds(FakeAuthorities):
    def standing(self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, **lock: bool) -> Standing:
        return Standing({by.id: frozenset(authorities)}, Delegations())


class ForgetsPrincipals(FakeAuthorities):
    def standing(self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, **lock: bool) -> Standing:
        found = super().standing(unit, by, authorities, at)
        return attrs.evolve(found, held={id: held for id, held in found.held.items() if id == by.id})


class ForEver(FakeAuthorities):
    def delegate(self, delegation: Delegation) -> None:
        super().delegate(attrs.evolve(delegation, until=delegation.until.replace(year=2090)))


@pytest.mark.rule(APPROVALS)
@pytest.mark.parametrize("wrong", [Remembers, SaysEverything, EverybodyHolds, ForgetsPrincipals, ForEver])
def test_wrong_authorities_are_caught(wrong: type[FakeAuthorities]) -> None:
    def against(kind: type[FakeAuthorities]) -> set[str]:
        made: list[FakeAuthorities] = []

        def ask() -> Any:
            made.append(kind())
            return AuthoritiesContract.ask.__wrapped__(AuthoritiesContract(), made[-1])  # type: ignore[attr-defined]

        return failing(
            AuthoritiesContract,
            ask=ask,
            give=lambda: lambda *what: made[-1].give(*what),
            delegate=lambda: lambda row: made[-1].delegate(row),
        )

    assert against(FakeAuthorities) == set()
    assert against(wrong)


def test_given_positions_are_the_actors_own_and_nobody_stands_in() -> None:
    asked: Authorities = GivenPositions()
    bob = Actor(ActorId("bob"), "hq", frozenset({"chief"}))
    standing = asked.standing(None, bob, ("chief",), MESSAGE.created_at)  # type: ignore[arg-type]
    assert standing == Standing({ActorId("bob"): frozenset({"chief"})}, Delegations())
