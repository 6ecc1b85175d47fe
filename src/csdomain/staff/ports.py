"""What the commands of staff ask, in the unit of work in which they act."""

from typing import Protocol

from csdomain.kernel.papers.approvals import Delegation
from csdomain.kernel.values.actors import ActorId

from .policies import Terms


class Recorded(Protocol):
    """A staff record, as far as another command asks for it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def branch(self) -> str:
        """The branch of the latest post."""
        ...

    @property
    def terms(self) -> Terms:
        """When which post is, was or will be served."""
        ...


class People(Protocol):
    """Port: the staff records and delegations that there are."""

    def record(self, actor: ActorId, /) -> Recorded | None:
        """The staff record of an actor, None where the house keeps none."""
        ...

    def overlapping(self, given: Delegation, /) -> tuple[Delegation, ...]:
        """The delegations of the same authority that overlap ``given`` in time.

        Of two units that ask about one authority at once, the second waits for the first: it sees what that gave.
        """
        ...
