"""What happens to complaints."""

import attrs

from csdomain.kernel.events import Moved


@attrs.frozen(kw_only=True)
class ComplaintReceived(Moved):
    """A customer complained and a form was filled in (CMP-01)."""

    number: str
    customer: str


@attrs.frozen(kw_only=True)
class ComplaintAccepted(Moved):
    """Customer service took the complaint on; the clock runs (CMP-04)."""

    customer: str


@attrs.frozen(kw_only=True)
class ComplaintClosed(Moved):
    """The complaint is closed; ``reason`` says with what outcome (CMP-25)."""

    customer: str
