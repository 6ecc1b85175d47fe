"""What a clerk may type wrong: refused by name, and nothing has changed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pytest

from csdomain.desk import Desk
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.registers import Register
from csdomain.testing.kit import snapshot

T = TypeVar("T")
Wrong = tuple[Callable[[T], object], type[DomainError] | tuple[type[DomainError], ...]]


def check_refused(
    it: T,
    desk: Desk,
    wrong: Mapping[str, Wrong[T]],
    kinds: Iterable[Kind[Any]],
    registers: Iterable[Register[Any]] = (),
) -> None:
    """Each of ``wrong`` raises its error, which says what was refused; all that the store shows stays as it was."""
    kinds, registers = tuple(kinds), tuple(registers)

    def everything() -> dict[str, Any]:
        seen = snapshot(desk.store, kinds, subjects=("",), registers=registers)
        return {name: part for name, part in seen.items() if name != "refusals"}

    before = everything()
    for name, (attempt, error) in wrong.items():
        with pytest.raises(error) as refused:
            attempt(it)
        assert refused.value.accepted is not None or refused.value.facts, name
        assert everything() == before, name
