"""What values of a context are checked with: refused by the context's own error, by field, never repeating a text."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.kinds import A, Field, storable
from csdomain.kernel.values.money import of_a_case
from csdomain.kernel.values.personal import PersonalKind, personal

T = TypeVar("T")
ID_LONGEST: Final = 64
SHORT: Final = 120
LONG: Final = 4000
_WHOLE: Final = 2**31
#: What stands where a person's words were.
ERASED: Final = "-"


def words(default: Any = attrs.NOTHING, **options: Any) -> Any:
    """A field that holds what somebody wrote: it may name the customer, so it counts as personal (KRN-14)."""
    return personal(PersonalKind.OTHER, erased=ERASED, default=default, **options)


def amount(name: str, of: Callable[[A], int | None]) -> Field[A, int]:
    """A column that holds what a case comes to, in minor units. Saving raises AmountTooLarge beyond what a case may
    come to, so that figures over many cases can be summed. [KRN-02]"""
    return Field(name, int, lambda case: of_a_case(of(case), name), index=False)


class Fields:
    """Validators of fields, and the same for arguments (``check_…``), that raise one error."""

    def __init__(self, error: type[InvalidValue]) -> None:
        self.error = error

    def _refuse(self, field: str, accepted: Text, **facts: Any) -> InvalidValue:
        return self.error(field=field, accepted=accepted, **facts)

    # --- ids
    def check_id(self, value: object, field: str) -> str:
        """``value`` if it is an id of the host's or the house's: it goes into messages and trails."""
        fits = storable(value, ID_LONGEST) and isinstance(value, str) and value.isprintable()
        if not fits or not value:
            longest = ID_LONGEST
            raise self._refuse(
                field, Text(f"an id of 1 to {longest} printable characters", f"1 到 {longest} 个可见字符的标识")
            )
        return str(value)

    def id(self, _: object, attribute: "attrs.Attribute[str]", value: object) -> None:
        """A validator: an id."""
        self.check_id(value, attribute.name)

    # --- texts
    def check_text(self, value: object, field: str, longest: int = LONG, *, empty: bool = False) -> str:
        """``value`` if it is text that every store keeps, and not only blanks unless ``empty``."""
        if not storable(value, longest) or not isinstance(value, str) or not (empty or value.strip()):
            least = 0 if empty else 1
            raise self._refuse(
                field, Text(f"text of {least} to {longest} characters", f"{least} 到 {longest} 个字符的文本")
            )
        return value

    def text(self, longest: int = LONG, *, empty: bool = False) -> Callable[[Any, Any, Any], None]:
        """A validator: a text."""

        def check(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
            self.check_text(value, attribute.name, longest, empty=empty)

        return check

    # --- figures
    def pieces(self, _: object, attribute: "attrs.Attribute[int]", value: object) -> None:
        """A validator: so many, 1 or more."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _WHOLE:
            raise self._refuse(attribute.name, Text("an integer > 0", "> 0 的整数"), given=value)

    def positive(self, _: object, attribute: "attrs.Attribute[Decimal]", value: object) -> None:
        """A validator: an exact number above 0."""
        if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
            raise self._refuse(attribute.name, Text("a decimal > 0", "> 0 的小数"), given=str(value))

    # --- collections
    def once(self, given: Iterable[T], key: Callable[[T], object], field: str) -> tuple[T, ...]:
        """``given`` as a tuple: at least one, and none twice."""
        found = tuple(given)
        keys = [key(each) for each in found]
        if not keys or len(set(keys)) != len(keys):
            raise self._refuse(field, Text("each once, at least one", "各一次，至少一个"))
        return found
