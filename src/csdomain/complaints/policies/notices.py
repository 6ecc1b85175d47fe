"""What may leave the house (CMP-13)."""

from collections.abc import Iterable
from unicodedata import east_asian_width

from csdomain.complaints.rules import NOTICE
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken

#: Shorter internal texts ("ok", 同意) stand in any letter by chance. A Chinese character says as much as two letters.
_SHORTEST = 6


class InternalDisclosed(RuleBroken):
    """The form itself, or something internal that stands on it, would go to the customer (CMP-13)."""

    default_rule = NOTICE
    problem = Text("What goes to the customer holds something internal.", "给客户的通知含有内部内容。")


def require_nothing_internal(text: object, internal: Iterable[tuple[str, str]]) -> str:
    """``text`` if it is our own words to the customer: not a form, and nothing that was written inside the house.

    ``internal`` are what stands on the form, each with the name of its field. Raises :class:`InternalDisclosed`, which
    names the fields and never repeats them. [CMP-13]
    """
    accepted = Text("words of one's own to the customer", "另行撰写给客户的文字")
    if isinstance(text, Document) or not isinstance(text, str):
        raise InternalDisclosed(field="form", accepted=accepted)
    said = _plain(text)
    leaked = sorted({name for name, written in internal if telling(written) and _plain(written) in said})
    if leaked:
        raise InternalDisclosed(field=", ".join(leaked), accepted=accepted)
    return text


def telling(written: str) -> bool:
    """Whether an internal text is long enough to be known again in a letter."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in _plain(written)) >= _SHORTEST


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
