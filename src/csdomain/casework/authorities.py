"""Who decides and by what right, at the moment of deciding (KRN-08, PPL-01)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import attrs

from csdomain.kernel.papers.approvals import Delegations
from csdomain.kernel.rules import FORMS, Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Action, Actor, ActorId


@attrs.frozen
class Standing:
    """Who decides and by what right, at the moment of deciding: positions held now, and delegations.

    ``branches`` are where those of whom there is a staff record work: what they reach, their deputies reach. [KRN-08]
    """

    held: Mapping[ActorId, frozenset[str]]
    delegations: Delegations = attrs.field(factory=Delegations)
    branches: Mapping[ActorId, str] = attrs.field(factory=dict)

    def holds(self, who: ActorId, authority: str, at: datetime) -> bool:
        """Whether ``who`` holds an authority at that instant, in person or for a principal who holds it. [KRN-08]"""
        chains = self.delegations.ways(who, authority, at)
        return any(authority in self.held.get(one, ()) for one in (who, *(chain[-1].principal for chain in chains)))

    def reaching(
        self, action: Action, by: Actor, owner: str, branch: str, resolve: Callable[[Actor], Actor]
    ) -> "Standing":
        """Of this what counts for a case of ``owner`` in ``branch``: of those only who may do ``action`` there.

        ``resolve`` fills in what positions grant. [KRN-13]
        """
        where, held = ((owner,), (branch,)), dict(self.held)
        for who, at in self.branches.items():
            there = (resolve(Actor(who, at, {position})) for position in held[who] if who != by.id)
            held[who] = frozenset(one for actor in there if actor.reaches(action, *where) for one in actor.positions)
        own = self.held.get(by.id, frozenset())
        held[by.id] = own if by.reaches(action, *where) else frozenset()
        return attrs.evolve(self, held=held)

    def standing_in(
        self, actor: Actor, at: datetime, carried: Collection[Action], resolve: Callable[[Actor], Actor]
    ) -> Actor:
        """``actor`` with each principal for whom they act at ``at``, as far as the actions ``carried`` go."""
        others: list[Actor] = []
        for authority in sorted({row.authority for row in self.delegations.rows}):
            for chain in self.delegations.ways(actor.id, authority, at):
                principal = chain[-1].principal
                if authority in self.held.get(principal, frozenset()):
                    branch = self.branches.get(principal, actor.branch)
                    given = resolve(Actor(principal, branch, {authority}))
                    grants = {action: scope for action, scope in given.grants.items() if action in carried}
                    others.append(attrs.evolve(given, grants=grants))
        return attrs.evolve(actor, others=tuple(others))


class NotTheSigner(RuleBroken):
    """Somebody would sign in a role whose position they do not hold at this moment (KRN-09)."""

    default_rule = FORMS
    problem = Text("Only who holds the position signs in this role.", "只有现任该职位者可以此身份签核。")

    @classmethod
    def check(cls, standing: Standing, by: ActorId, role: str, signers: Mapping[str, str]) -> None:
        """Raises NotTheSigner where ``by`` does not hold in person the position that ``signers`` name for ``role``."""
        position = signers[role]
        if position not in standing.held.get(by, frozenset()):
            raise cls(actor=by, role=role, accepted=Text(position, position))


class Authorities(Protocol):
    """Port: who holds which position now, and who stands in for whom (KRN-08, PPL-01)."""

    def standing(
        self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, *, lock: bool = False
    ) -> Standing:
        """What ``by`` and those ``by`` may act for hold at ``at``, and the delegations of ``authorities``.

        With ``lock`` nobody can change what the answer rests on before the unit has ended.
        """
        ...

    def works(self, unit: Unit, who: ActorId, branch: str, at: datetime, /) -> bool:
        """Whether ``who`` works in ``branch`` at ``at``; true for everybody where the house keeps no staff records."""
        ...


class GivenPositions:
    """Authorities where nobody keeps staff records: positions are those that the host gives, nobody stands in."""

    def standing(
        self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, *, lock: bool = False
    ) -> Standing:
        """The positions of ``by`` and no delegation."""
        return Standing({by.id: by.positions}, Delegations())

    def works(self, unit: Unit, who: ActorId, branch: str, at: datetime, /) -> bool:
        """Nobody keeps records, so nobody is unknown."""
        return True


def inbox_of(unit: Unit, authorities: Authorities, by: Actor, names: Collection[str], at: datetime) -> frozenset[str]:
    """Whom an inbox of ``by`` is for, as :class:`~csdomain.casework.worklists.Wait` names them: the person, the
    positions held now, and of the authorities ``names`` those for whose holder ``by`` stands in."""
    standing = authorities.standing(unit, by, names, at)
    acting = {name for name in names if standing.holds(by.id, name, at)}
    return frozenset({f"={by.id}", *standing.held.get(by.id, by.positions), *acting})
