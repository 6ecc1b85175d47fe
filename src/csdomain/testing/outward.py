"""Contracts of warehouse, finance, personnel and staff records, and one of each in memory (D9, CMP-20…24, KRN-08)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pytest

from csdomain.casework.authorities import Authorities, Standing
from csdomain.complaints.ports import Finance, Order, Personnel, Warehouse
from csdomain.kernel.papers.approvals import Delegation, Delegations
from csdomain.kernel.store.ports import DeliveryFailed, Unit
from csdomain.kernel.values.actors import Actor, ActorId

from .kit import BEGINNING, MovableClock, memory_desk

COMPLAINT: Final = "cmp_01k9w3v7q8d3m6y2r5t0x4n1ab"
Done = Mapping[str, tuple[str, Order]]


class _Fake:
    """A part of the house in memory: what it was told to do, each order once by its key.

    ``fail`` what is to come: each entry is the error of the next order that comes, None where it succeeds.
    """

    def __init__(self, fail: Iterable[DeliveryFailed | None] = ()) -> None:
        self.done: dict[str, tuple[str, Order]] = {}
        self.deliveries = 0
        self._fail = list(fail)

    def _take(self, what: str, order: Order, known: bool) -> None:
        self.deliveries += 1
        error = self._fail.pop(0) if self._fail else None
        if error is not None:
            raise error
        if not known or not order.key or not order.complaint or not order.number:
            raise DeliveryFailed(definite=True, why=f"not an order to {what}")
        self.done.setdefault(order.key, (what, order))


class FakeWarehouse(_Fake):
    """A warehouse in memory. Satisfies :class:`~csdomain.complaints.ports.Warehouse`."""

    def expect_return(self, order: Order, /) -> None:
        """Note that goods will come back."""
        self._take("expect_return", order, known=True)


class FakeFinance(_Fake):
    """Finance in memory. Satisfies :class:`~csdomain.complaints.ports.Finance`."""

    def compare_return(self, order: Order, /) -> None:
        """Note that goods have come back."""
        self._take("compare_return", order, known=order.pieces > 0)

    def book_discount(self, order: Order, /) -> None:
        """Note an amount to book."""
        self._take("book_discount", order, known=order.amount > 0)


class FakePersonnel(_Fake):
    """Personnel in memory. Satisfies :class:`~csdomain.complaints.ports.Personnel`."""

    def discipline(self, order: Order, /) -> None:
        """Note a discipline to publish."""
        self._take("discipline", order, known=bool(order.discipline))

    def deduct(self, order: Order, /) -> None:
        """Note a deduction to carry out."""
        self._take("deduct", order, known=order.amount > 0)


def order(**changes: Any) -> Order:
    """An order that every part of the house understands, with ``changes``."""
    usual: dict[str, Any] = {"key": f"{COMPLAINT}/order/1", "complaint": COMPLAINT, "number": "TH202603-0001"}
    return Order(**{**usual, "pieces": 3, "amount": 50_000, "discipline": "warning", **changes})


class _OutwardContract:
    """An order is done once however often it comes; one that cannot be understood is refused for good.

    Give fixtures for the part itself and ``done``: what it has been told to do by now, by key, each with the name of
    the order. Where it can be made unreachable, give ``broken`` as well.
    """

    @pytest.fixture
    def part(self) -> Any:
        """The part of the house under test."""
        raise NotImplementedError("give the fixture that the contract names")

    @pytest.fixture
    def done(self, part: Any) -> Callable[[], Done]:
        """What it was told to do, by key."""
        raise NotImplementedError("give a fixture `done`")

    @pytest.fixture
    def broken(self) -> Any:
        """One that cannot be reached, None where that cannot be."""
        return None

    @staticmethod
    def orders(part: Any) -> Sequence[tuple[str, Callable[[Order], None], Order]]:
        """Each order that the part takes: its name, how it is given, and one like that which means nothing."""
        raise NotImplementedError

    def test_what_is_ordered_is_noted_as_it_is(self, part: Any, done: Callable[[], Done]) -> None:
        wanted = {}
        for name, give, _ in self.orders(part):
            one = order(key=f"{name}/1", number=f"N-{name}")
            give(one)
            wanted[one.key] = (name, one)
        assert dict(done()) == wanted

    def test_the_same_order_again_is_done_once(self, part: Any, done: Callable[[], Done]) -> None:
        for name, give, _ in self.orders(part):
            for _again in range(3):
                give(order(key=f"{name}/1"))
            give(order(key=f"{name}/2"))
        names = [name for name, _, _ in self.orders(part)]
        assert sorted(done()) == sorted(f"{name}/{n}" for name in names for n in (1, 2))

    def test_what_comes_again_under_its_key_is_what_came_first(self, part: Any, done: Callable[[], Done]) -> None:
        for name, give, _ in self.orders(part):
            give(order(key=f"{name}/1"))
            give(order(key=f"{name}/1", number="another"))
            assert done()[f"{name}/1"] == (name, order(key=f"{name}/1"))

    def test_many_orders_are_as_many(self, part: Any, done: Callable[[], Done]) -> None:
        for name, give, _ in self.orders(part):
            for n in range(50):
                give(order(key=f"{name}/{n}", number=f"N{n}"))
        assert len(done()) == 50 * len(self.orders(part))

    def test_an_order_that_means_nothing_is_refused_for_good_and_not_noted(
        self, part: Any, done: Callable[[], Done]
    ) -> None:
        for _, give, wrong in self.orders(part):
            for bad in (wrong, order(key=""), order(number=""), order(complaint="")):
                with pytest.raises(DeliveryFailed) as caught:
                    give(bad)
                assert caught.value.definite, "nobody will ever understand it: trying again is no use"
        assert not done()

    def test_a_failure_is_said(self, broken: Any) -> None:
        if broken is None:
            return
        for _, give, _ in self.orders(broken):
            with pytest.raises(DeliveryFailed) as caught:
                give(order())
            assert not caught.value.definite, "who cannot be reached now is tried again"
            assert caught.value.why


class WarehouseContract(_OutwardContract):
    """A warehouse expects a return once. Give ``warehouse`` and ``done``, and ``broken`` where it can be. [CMP-23]"""

    @pytest.fixture
    def warehouse(self) -> Warehouse:
        """The warehouse under test."""
        raise NotImplementedError("give a fixture `warehouse`")

    @pytest.fixture
    def part(self, warehouse: Warehouse) -> Warehouse:
        """The part of the house under test."""
        return warehouse

    @staticmethod
    def orders(part: Warehouse) -> Sequence[tuple[str, Callable[[Order], None], Order]]:
        """The orders of a warehouse."""
        return [("expect_return", part.expect_return, order(number=""))]


class FinanceContract(_OutwardContract):
    """Finance compares and books once. Give ``finance`` and ``done``, and ``broken`` where it can be. [CMP-21, CMP-24]

    A return of no pieces and a discount of nothing mean nothing.
    """

    @pytest.fixture
    def finance(self) -> Finance:
        """Finance under test."""
        raise NotImplementedError("give a fixture `finance`")

    @pytest.fixture
    def part(self, finance: Finance) -> Finance:
        """The part of the house under test."""
        return finance

    @staticmethod
    def orders(part: Finance) -> Sequence[tuple[str, Callable[[Order], None], Order]]:
        """The orders of finance."""
        return [
            ("compare_return", part.compare_return, order(pieces=0)),
            ("book_discount", part.book_discount, order(amount=0)),
        ]


class PersonnelContract(_OutwardContract):
    """Personnel publishes and deducts once. Give ``personnel`` and ``done``, and ``broken`` where it can be. [CMP-20]

    A discipline without a name and a deduction of nothing mean nothing.
    """

    @pytest.fixture
    def personnel(self) -> Personnel:
        """Personnel under test."""
        raise NotImplementedError("give a fixture `personnel`")

    @pytest.fixture
    def part(self, personnel: Personnel) -> Personnel:
        """The part of the house under test."""
        return personnel

    @staticmethod
    def orders(part: Personnel) -> Sequence[tuple[str, Callable[[Order], None], Order]]:
        """The orders of personnel."""
        return [
            ("discipline", part.discipline, order(discipline="")),
            ("deduct", part.deduct, order(amount=0)),
        ]


class FakeAuthorities:
    """Staff records in memory: who holds what now, and who stands in for whom.

    Satisfies :class:`~csdomain.casework.authorities.Authorities`. A change counts from the next question on.
    """

    def __init__(self, held: Mapping[str, Iterable[str]] | None = None) -> None:
        self._held = {id: frozenset(positions) for id, positions in (held or {}).items()}
        self._delegations: tuple[Delegation, ...] = ()

    def give(self, id: str, *positions: str) -> None:
        """Somebody holds exactly these positions from now on; none: whatever they held is revoked."""
        self._held[id] = frozenset(positions)

    def delegate(self, delegation: Delegation) -> None:
        """Somebody stands in. Raises DelegationInvalid, and then nobody does."""
        self._delegations = Delegations((*self._delegations, delegation)).rows

    def standing(
        self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, *, lock: bool = False
    ) -> Standing:
        """What everybody holds of ``authorities``, and the delegations of those."""
        wanted = frozenset(authorities)
        held = {ActorId(id): positions & wanted for id, positions in self._held.items() if positions & wanted}
        rows = tuple(row for row in self._delegations if row.authority in wanted)
        return Standing(held, Delegations(rows))

    def works(self, unit: Unit, who: ActorId, branch: str, at: datetime, /) -> bool:
        """Everybody works everywhere: these records keep no branches."""
        return True


class AuthoritiesContract:
    """Authorities say what people hold at the moment of asking, of what is asked for, and who stands in. [KRN-08]

    Give fixtures ``authorities`` and ``give``: lets somebody, by id, hold exactly these positions from now on. Where
    there are delegations, give ``delegate`` as well.
    """

    @pytest.fixture
    def authorities(self) -> Authorities:
        """The authorities under test."""
        raise NotImplementedError("give a fixture `authorities`")

    @pytest.fixture
    def give(self, authorities: Authorities) -> Callable[..., object]:
        """Called with an id and positions."""
        raise NotImplementedError("give a fixture `give`")

    @pytest.fixture
    def delegate(self, authorities: Authorities) -> Callable[[Delegation], object] | None:
        """Called with a delegation; None where there are none."""
        return None

    @pytest.fixture
    def ask(self, authorities: Authorities) -> Callable[..., Standing]:
        """Asks what is held of some authorities when somebody acts."""

        def asked(by: str, *wanted: str, at: datetime = BEGINNING) -> Standing:
            desk = memory_desk(clock=MovableClock(at))
            actor = Actor(ActorId(by), "hq")
            return desk.store.look(lambda unit: authorities.standing(unit, actor, wanted, at))

        return asked

    def test_what_is_held_is_held(self, give: Callable[..., object], ask: Callable[..., Standing]) -> None:
        give("ann", "clerk")
        give("bob", "clerk", "chief")
        assert ask("bob", "chief").held[ActorId("bob")] == {"chief"}
        assert "clerk" in ask("ann", "clerk", "chief").held[ActorId("ann")]
        assert "chief" not in ask("ann", "clerk", "chief").held[ActorId("ann")]

    def test_what_is_revoked_is_not_held_any_more(
        self, give: Callable[..., object], ask: Callable[..., Standing]
    ) -> None:
        give("bob", "chief")
        assert ask("bob", "chief").held[ActorId("bob")] == {"chief"}
        give("bob")
        assert not ask("bob", "chief").held.get(ActorId("bob"))
        give("bob", "chief")
        assert ask("bob", "chief").held[ActorId("bob")] == {"chief"}

    def test_nobody_knows_of_somebody_else(self, ask: Callable[..., Standing]) -> None:
        standing = ask("nobody", "chief")
        assert not standing.held.get(ActorId("nobody"))
        assert not standing.delegations.ways(ActorId("nobody"), "chief", BEGINNING)

    def test_who_stands_in_is_known_with_the_principal(
        self,
        give: Callable[..., object],
        delegate: Callable[[Delegation], object] | None,
        ask: Callable[..., Standing],
    ) -> None:
        if delegate is None:
            return
        give("bob", "chief")
        until = BEGINNING.replace(year=BEGINNING.year + 1)
        delegate(Delegation(ActorId("bob"), ActorId("cai"), "chief", BEGINNING, until))
        standing = ask("cai", "chief")
        ((row,),) = standing.delegations.ways(ActorId("cai"), "chief", BEGINNING)
        assert (row.principal, row.authority) == ("bob", "chief")
        assert standing.held[ActorId("bob")] == {"chief"}, "a chain counts while its principal holds the authority"
        assert not standing.held.get(ActorId("cai"))
        assert not ask("cai", "chief", at=until).delegations.ways(ActorId("cai"), "chief", until)
