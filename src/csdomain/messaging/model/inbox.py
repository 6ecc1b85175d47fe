"""What is shown within the host's app: rows that name a message; its text is made when it is read (D12)."""

from datetime import datetime
from typing import Final

import attrs

from csdomain.kernel.store.registers import Mode, Register


@attrs.frozen(kw_only=True)
class InboxRow:
    """A message in the inbox of ``recipient``, an actor or a position, since ``at``; None in ``read_at`` until it is
    read."""

    recipient: str
    key: str
    at: datetime
    read_at: datetime | None = None


INBOX: Final = Register(
    InboxRow, "message_inbox", Mode.STATE, ("recipient", "key"), states=("read_at",), indexes=(("recipient", "at"),)
)
