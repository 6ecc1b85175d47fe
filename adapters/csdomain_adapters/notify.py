"""Two notifiers without a gateway: one prints, one collects. Real gateways pass the same contract."""

import sys
from typing import TextIO

from csdomain.kernel.store.ports import Queued


class PrintingNotifier:
    """Writes a line a message: occasion, recipient, key. No personal data: the message has none."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: Queued, /) -> None:
        """Print the message."""
        print(f"{message.occasion} -> {message.to} [{message.key}]", file=self._stream or sys.stdout)


class CollectingNotifier:
    """Keeps what it is given, in order; a message that comes again under its key is kept once, as a gateway would."""

    def __init__(self) -> None:
        self.sent: dict[str, Queued] = {}
        self.deliveries = 0

    def send(self, message: Queued, /) -> None:
        """Keep the message."""
        self.deliveries += 1
        self.sent.setdefault(message.key, message)
