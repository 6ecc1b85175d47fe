"""What happens to messages."""

import attrs

from csdomain.kernel.cases.events import Event


@attrs.frozen(kw_only=True)
class MessageRequeued(Event):
    """A message that had been given up after ``attempts`` was put back, to be sent again (MSG-09)."""

    message: str
    attempts: int
