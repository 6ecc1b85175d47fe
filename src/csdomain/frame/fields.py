"""What values of a context are checked with: refused by the context's own error, by field, never repeating a text."""

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar

import attrs

from csdomain.kernel.rules import HOUSE_RULES, Text
from csdomain.kernel.rules.errors import InvalidValue, typed_in
from csdomain.kernel.store.kinds import A, Field, storable
from csdomain.kernel.values.money import of_a_case
from csdomain.kernel.values.personal import PersonalKind, personal

T = TypeVar("T")
ID_LONGEST: Final = 64
SHORT: Final = 120
LONG: Final = 4000
_WHOLE: Final = 2**31
_LARGEST: Final = 2**63 - 1
#: What stands where a person's words were.
ERASED: Final = "-"


def words(default: Any = attrs.NOTHING, **options: Any) -> Any:
    """A field that holds what somebody wrote: it may name the customer, so it counts as personal (KRN-14)."""
    return personal(PersonalKind.OTHER, erased=ERASED, default=default, **options)


def amount(name: str, of: Callable[[A], int | None]) -> Field[A, int]:
    """A column that holds what a case comes to, in minor units. Saving raises AmountTooLarge beyond what a case may
    come to, so that figures over many cases can be summed. [KRN-02]"""
    return Field(name, int, lambda case: of_a_case(of(case), name), index=False)


def one_of(names: Iterable[str]) -> Text:
    """What would be accepted: one of these names."""
    known = ", ".join(names) or "-"
    return Text(known, known)


class InvalidSetting(InvalidValue):
    """A setting of a rulebook that is not possible (KRN-01)."""

    default_rule = HOUSE_RULES
    problem = Text("A setting is not possible.", "此设置无效。")

    @classmethod
    def at_least(cls, minimum: int, value: int, field: str) -> None:
        """Raises InvalidSetting below ``minimum``."""
        if value < minimum:
            raise cls(field=field, given=value, minimum=minimum)


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

    def words(self, longest: int = LONG) -> Any:
        """A field as :func:`words` makes it, checked: it holds a text."""
        return words(validator=self.text(longest))

    def remarks(self, longest: int = LONG) -> Any:
        """As :meth:`words`, and it may be left out."""
        return personal(PersonalKind.OTHER, default="", validator=self.text(longest, empty=True))

    # --- figures
    def pieces(self, _: object, attribute: "attrs.Attribute[int]", value: object) -> None:
        """A validator: so many, 1 or more."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _WHOLE:
            raise self._refuse(attribute.name, Text("an integer > 0", "> 0 的整数"), given=value)

    def count(self, _: object, attribute: "attrs.Attribute[int]", value: object) -> None:
        """A validator: so many, 0 or more."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
            raise self._refuse(attribute.name, Text("an integer ≥ 0", "≥ 0 的整数"), given=value)

    def positive(self, _: object, attribute: "attrs.Attribute[Decimal]", value: object) -> None:
        """A validator: an exact number above 0."""
        if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
            raise self._refuse(attribute.name, Text("a decimal > 0", "> 0 的小数"), given=str(value))

    # --- collections
    def check_known(self, given: Iterable[str], known: Collection[str], field: str, *, named: bool = False) -> None:
        """Refuse ``given`` where some are not ``known``: all of those are named; ``named``: they are the house's own,
        and shown as they are. A single text is one name."""
        names = (given,) if isinstance(given, str) else tuple(given)
        if wrong := [name for name in names if name not in known]:
            raise self._refuse(field, one_of(known), given=sorted(set(wrong)) if named else typed_in(wrong[0]))

    def once(self, given: Iterable[T], key: Callable[[T], object], field: str) -> tuple[T, ...]:
        """``given`` as a tuple: at least one, and none twice."""
        found = tuple(given)
        keys = [key(each) for each in found]
        if not keys or len(set(keys)) != len(keys):
            raise self._refuse(field, Text("each once, at least one", "各一次，至少一个"))
        return found
