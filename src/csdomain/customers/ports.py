"""What customers ask of the outside: how texts are spelled, so that a name is found however it is written (CUS-04);
and what a paper asks of the customer's record, in the same unit of work."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from csdomain.frame.acts import Events


class Files(Protocol):
    """Port: the records of customers beside the paper that is acted on, locked until the unit ends."""

    def customer(self, id: str, /) -> Any:
        """A living customer. Raises NotFound, MalformedId, WrongKind, Merged, RuleBroken. [CUS-13]"""
        ...

    def keep(self, customer: Any, events: Events, /) -> None:
        """Store a customer that was changed, and what happened to the record."""
        ...

    def put_secret(self, secret: Any, /) -> None:
        """Keep a sealed secret until it is delivered. [CUS-12]"""
        ...

    def drop_secret(self, connection: str, /) -> int:
        """Destroy the sealed secret of a connection; how many there were. [CUS-12]"""
        ...


class Fold(Protocol):
    """Port: scripts, readings and likeness of texts. Pure: the same answer for the same text, whoever asks."""

    @property
    def syllables(self) -> AbstractSet[str]:
        """Every syllable of pinyin, without tones, ``ü`` as ``v``; none where characters have no readings."""
        ...

    def simplified(self, text: str, /) -> str:
        """``text`` in simplified characters, as long as it was."""
        ...

    def readings(self, character: str, /) -> Sequence[str]:
        """How one simplified character may be read, the usual reading first; none of what is no such character."""
        ...

    def surname(self, name: str, /) -> Sequence[str]:
        """How the characters that begin a simplified name are read as a surname; none where they are no surname
        that is read otherwise."""
        ...

    def alike(self, one: str, two: str, /) -> float:
        """How alike two texts are: 1.0 where they are the same."""
        ...


class AsWritten:
    """A :class:`Fold` without data: texts are found as they are written."""

    syllables: AbstractSet[str] = frozenset()

    def simplified(self, text: str, /) -> str:
        """``text`` as it is."""
        return text

    def readings(self, character: str, /) -> Sequence[str]:
        """None."""
        return ()

    def surname(self, name: str, /) -> Sequence[str]:
        """None."""
        return ()

    def alike(self, one: str, two: str, /) -> float:
        """1.0 where they are the same, else 0.0."""
        return float(one == two)
