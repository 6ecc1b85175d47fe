"""Who acts, and what they may do: permission = role × action × scope (KRN-13, design decision D5)."""

from collections.abc import Iterable, Mapping
from enum import Enum, unique
from typing import Any, Final, NewType

import attrs

from csdomain.kernel.rules import PERMITTED, Text
from csdomain.kernel.rules.errors import InvalidValue, NotPermitted

ActorId = NewType("ActorId", str)
Action = NewType("Action", str)

_LONGEST_ID: Final = 64


class MalformedActor(InvalidValue):
    """An actor's id or branch is empty, too long, or has characters that no id has (KRN-13)."""

    default_rule = PERMITTED
    problem = Text("An actor is named by an id, not by free text.", "操作人须以标识指明，不能是任意文本。")


@unique
class Scope(Enum):
    """How far a permission reaches: records one owns, those of one's branch, or all."""

    OWN = "own"
    BRANCH = "branch"
    ALL = "all"


_WIDTH: Final = {Scope.OWN: 1, Scope.BRANCH: 2, Scope.ALL: 3}


def wider(a: Scope, b: Scope) -> Scope:
    """The wider of two scopes."""
    return a if _WIDTH[a] >= _WIDTH[b] else b


def _id(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or not value.isprintable() or "@" in value:
        raise MalformedActor(
            field=attribute.name,
            accepted=Text(f"1 to {_LONGEST_ID} printable characters", f"1 到 {_LONGEST_ID} 个可见字符"),
        )


def _set(positions: Iterable[str]) -> frozenset[str]:
    if isinstance(positions, str):
        raise MalformedActor(field="positions", accepted=Text("a set of positions", "职位的集合"))
    return frozenset(positions)


@attrs.frozen
class Actor:
    """Someone, or some program, that acts: an id, never a name, with the branch and the positions held now.

    ``grants`` is filled by :meth:`Permissions.resolve` from the rulebook that is current when a use case begins; a host
    gives only the first three.
    """

    id: ActorId = attrs.field(validator=[_id])
    branch: str = attrs.field(validator=_id)
    positions: frozenset[str] = attrs.field(factory=frozenset, converter=_set)
    grants: Mapping[Action, Scope] = attrs.field(factory=dict, eq=False, repr=False)

    def may(self, action: Action) -> bool:
        """Whether any scope of ``action`` is granted."""
        return action in self.grants

    def reaches(self, action: Action, owners: Iterable[str], branches: Iterable[str]) -> bool:
        """Whether ``action`` is granted for a record that is own to ``owners`` and of ``branches`` (PPL-05)."""
        scope = self.grants.get(action)
        return (
            scope is Scope.ALL
            or (scope is Scope.BRANCH and self.branch in branches)
            or (scope is Scope.OWN and self.id in owners)
        )

    def require(self, action: Action, *, owner: str | tuple[str, ...], branch: str | tuple[str, ...]) -> None:
        """Refuse unless ``action`` is granted for a record of ``owner`` in ``branch``; several of either count alike.

        Raises :class:`NotPermitted`.
        """
        if self.reaches(action, _each(owner), _each(branch)):
            return
        scope = self.grants.get(action)
        raise NotPermitted(
            action=action,
            actor=self.id,
            scope="none" if scope is None else scope,
            accepted=Text("a position that has the permission in this scope", "在此范围内拥有该权限的职位"),
        )


def _each(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


@attrs.frozen
class Permissions:
    """The permission matrix: positions → roles → actions with their scopes.

    ``actions`` are all actions that the contexts declare; a pattern ``complaints.*`` or ``*`` in a role stands for
    those it matches.
    """

    roles: Mapping[str, Mapping[str, Scope]]
    positions: Mapping[str, tuple[str, ...]]
    actions: frozenset[Action]
    _resolved: dict[frozenset[str], Mapping[Action, Scope]] = attrs.field(
        factory=dict, init=False, repr=False, eq=False
    )

    def resolve(self, actor: Actor) -> Actor:
        """``actor`` with the grants of the positions held; positions the rulebook does not know grant nothing."""
        grants = self._resolved.get(actor.positions)
        if grants is None:
            grants = self._resolved[actor.positions] = self._grants(actor.positions)
        return attrs.evolve(actor, grants=grants)

    def _grants(self, positions: Iterable[str]) -> Mapping[Action, Scope]:
        grants: dict[Action, Scope] = {}
        for role in sorted({role for position in positions for role in self.positions.get(position, ())}):
            for pattern, scope in self.roles.get(role, {}).items():
                for action in matching(pattern, self.actions):
                    grants[action] = wider(grants.get(action, scope), scope)
        return grants

    def holders(self, action: Action) -> tuple[str, ...]:
        """The positions that hold ``action`` in some scope, sorted: who may, for messages and documentation."""
        return tuple(sorted(position for position in self.positions if action in self._grants([position])))


def matching(pattern: str, actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions that a role's pattern names: one of them, ``context.*``, or ``*``."""
    if pattern == "*":
        return tuple(actions)
    if pattern.endswith(".*"):
        return tuple(action for action in actions if action.startswith(pattern[:-1]))
    return tuple(action for action in actions if action == pattern)


def system_actor(actions: Iterable[Action] = ()) -> Actor:
    """The actor in whose name timers fire and messages leave."""
    return Actor(ActorId("system"), "system", frozenset({"system"}), dict.fromkeys(actions, Scope.ALL))
