"""A notifier without a gateway, for tests. It has no name that a relay on the command line could use: nobody would get
what it takes."""

from csdomain.kernel.store.ports import Queued


class CollectingNotifier:
    """Keeps what it is given, in order; a message that comes again under its key is kept once, as a gateway would."""

    idempotent = True

    def __init__(self) -> None:
        self.sent: dict[str, Queued] = {}
        self.deliveries = 0

    def send(self, message: Queued, /) -> None:
        """Keep the message."""
        self.deliveries += 1
        self.sent.setdefault(message.key, message)
