"""Who acts, and what they may do: permission = role × action × scope (KRN-13, design decision D5)."""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, unique
from typing import Any, Final, NewType

import attrs

from csdomain.kernel.rules import PERMITTED, Text
from csdomain.kernel.rules.errors import InvalidValue, NotPermitted

ActorId = NewType("ActorId", str)
Action = NewType("Action", str)

_LONGEST_ID: Final = 64
_MOST: Final = 1000


class MalformedActor(InvalidValue):
    """An actor's id or branch is empty, too long, or has characters that no id has (KRN-13)."""

    default_rule = PERMITTED
    problem = Text("An actor is named by an id, not by free text.", "操作人须以标识指明，不能是任意文本。")


class UnknownPosition(InvalidValue):
    """A position that the rulebook does not have: whoever held it could do nothing (KRN-13)."""

    default_rule = PERMITTED
    problem = Text("The rulebook does not know this position.", "规则手册中没有此职位。")


@unique
class Scope(Enum):
    """How far a permission reaches: records one owns, those of one's branch and one's own, or all."""

    OWN = "own"
    BRANCH = "branch"
    ALL = "all"


_WIDTH: Final = {Scope.OWN: 1, Scope.BRANCH: 2, Scope.ALL: 3}
_SCOPED: Final = {
    Scope.OWN: Text("the owner as {}", "负责人本人（{}）"),
    Scope.BRANCH: Text("{} of the branch", "本分支的 {}"),
    Scope.ALL: Text("{}", "{}"),
}


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
    held = None if isinstance(positions, str) or not isinstance(positions, Collection) else positions
    if held is None or len(held) > _MOST or not all(isinstance(position, str) for position in held):
        limit = Text(f"a set of at most {_MOST} positions", f"至多 {_MOST} 个职位的集合")
        raise MalformedActor(field="positions", accepted=limit)
    return frozenset(held)


@attrs.frozen
class Actor:
    """Someone, or some program, that acts: an id, never a name, with the branch and the positions held now.

    ``grants`` is filled by :meth:`Permissions.resolve` from the rulebook that is current when a use case begins; a host
    gives only the first three. ``others`` are those for whom they act by a delegation, each with what it carries;
    ``matrix`` is where the grants come from, so that a refusal can say who may.
    """

    id: ActorId = attrs.field(validator=[_id])
    branch: str = attrs.field(validator=_id)
    positions: frozenset[str] = attrs.field(factory=frozenset, converter=_set)
    grants: Mapping[Action, Scope] = attrs.field(factory=dict, eq=False, repr=False)
    others: "tuple[Actor, ...]" = attrs.field(default=(), eq=False, repr=False)
    matrix: "Permissions | None" = attrs.field(default=None, eq=False, repr=False)

    def may(self, action: Action) -> bool:
        """Whether any scope of ``action`` is granted, in person or by a delegation."""
        return action in self.grants or any(other.may(action) for other in self.others)

    def reaches(self, action: Action, owners: Iterable[str], branches: Iterable[str]) -> bool:
        """Whether ``action`` is granted in person for a record own to ``owners`` and of ``branches`` (PPL-05)."""
        scope = self.grants.get(action)
        return (
            scope is Scope.ALL
            or (scope is Scope.BRANCH and self.branch in branches)
            or (scope in (Scope.BRANCH, Scope.OWN) and self.id in owners)
        )

    def require(self, action: Action, *, owner: str | tuple[str, ...], branch: str | tuple[str, ...]) -> None:
        """Refuse unless ``action`` is granted for a record of ``owner`` in ``branch``; several of either count alike.

        In person or by a delegation. Raises :class:`NotPermitted`, which says who may.
        """
        if any(one.reaches(action, _each(owner), _each(branch)) for one in (self, *self.others)):
            return
        may = Text("a position that has the permission in this scope", "在此范围内拥有该权限的职位")
        raise NotPermitted(
            action=action,
            actor=self.id,
            scope=self.grants.get(action, "none"),
            accepted=may if self.matrix is None else self.matrix.who_may(action),
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
        return attrs.evolve(actor, grants=self._grants(actor.positions), matrix=self)

    def _grants(self, positions: frozenset[str]) -> Mapping[Action, Scope]:
        found = self._resolved.get(positions)
        if found is None:
            found = self._resolved[positions] = self._worked_out(positions)
        return found

    def _worked_out(self, positions: frozenset[str]) -> Mapping[Action, Scope]:
        grants: dict[Action, Scope] = {}
        for role in sorted({role for position in positions for role in self.positions.get(position, ())}):
            for pattern, scope in self.roles.get(role, {}).items():
                for action in matching(pattern, self.actions):
                    grants[action] = wider(grants.get(action, scope), scope)
        return grants

    def holders(self, action: Action) -> tuple[str, ...]:
        """The positions that hold ``action`` in some scope, sorted: who may, for messages and documentation."""
        return tuple(sorted(p for p in self.positions if action in self._grants(frozenset((p,)))))

    def who_may(self, action: Action) -> Text:
        """The positions that hold ``action``, each with how far: the owner, those of the branch, those everywhere."""
        scopes = {position: self._grants(frozenset((position,)))[action] for position in self.holders(action)}
        en = (_SCOPED[scope].en.format(position) for position, scope in scopes.items())
        zh = (_SCOPED[scope].zh.format(position) for position, scope in scopes.items())
        return Text(", ".join(en) or "no position of this house", "、".join(zh) or "本公司无此职位")


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
