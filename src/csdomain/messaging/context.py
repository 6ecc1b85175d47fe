"""Messages as a context of the desk."""

from typing import Any, Final

from csdomain.frame.contexts import Context
from csdomain.kernel.store.ports import Store
from csdomain.rulebook import House

from .service import Messages
from .values import MESSAGE_RULES


def _made(store: Store, house: House, _: Any) -> Messages:
    return Messages(store, house)


CONTEXT: Final = Context("messages", _made, section=MESSAGE_RULES)
