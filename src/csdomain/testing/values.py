"""What every value class that people hand in holds to: its fields are checked when it is made, by name, and bounded."""

import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_origin

import attrs
import pytest

from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.arguments import MOST, holds

_LONGEST: Final = 10_000
#: What no field takes by accident: values of other types, texts that no store keeps, too much of everything.
JUNK: Final[tuple[Any, ...]] = (
    *(None, "", 1, -1, True, 1.5, float("nan"), b"x", object(), [], {}, (), [object()], {"a": object()}, {object(): 1}),
    *("x", "\ud83d", "a\0b", "x" * 100_000, 2**70, ["x"], [1], {"a": "x"}),
)


def values_in(given: object) -> Iterator[Any]:
    """The attrs values in what is given, however deep."""
    if attrs.has(type(given)):
        yield given
        for field in attrs.fields(type(given)):  # type: ignore[arg-type]  # it has
            yield from values_in(getattr(given, field.name))
    elif isinstance(given, Mapping):
        for item in given.values():
            yield from values_in(item)
    elif isinstance(given, Iterable) and not isinstance(given, str | bytes):
        for item in given:
            yield from values_in(item)


def check_fields(value: Any, *, but: Iterable[str] = ()) -> None:
    """Each field of ``value``, ``but`` those, is refused by a named error where it is of another type, or too long."""
    kind = type(value)
    hints = typing.get_type_hints(kind)
    fields = [field for field in attrs.fields(kind) if field.init and field.name not in but]
    kept = {field.alias: getattr(value, field.name) for field in fields}
    for field in fields:
        for junk in JUNK:
            wrong = not holds(hints[field.name])(junk)
            try:
                made = kind(**{**kept, field.alias: junk})
            except InvalidValue as error:
                named = str(error.facts.get("field", field.name))
                if wrong and not named.startswith(field.name):  # else another field may be what it does not go with
                    raise AssertionError(f"{kind.__name__}.{field.name}: the error names {named}") from error
                continue
            there = getattr(made, field.name)
            assert holds(hints[field.name])(there), f"{kind.__name__}.{field.name} takes {type(junk).__name__}"
            longest = hints[field.name] is not object and isinstance(there, str) and len(there) > _LONGEST
            assert not longest, f"{kind.__name__}.{field.name} takes a text of any length"
        origin = get_origin(hints[field.name])
        if isinstance(origin, type) and issubclass(origin, Iterable):
            items = list(kept[field.alias]) or ["x"]
            mapped = issubclass(origin, Mapping)
            crowd: Any = {f"{items[0]}{n}": 0 for n in range(MOST + 1)} if mapped else [items[0]] * (MOST + 1)
            with pytest.raises(InvalidValue) as refused:
                kind(**{**kept, field.alias: crowd})
            assert refused.value.facts["field"] == field.name
