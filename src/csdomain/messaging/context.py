"""Messages as a context of the desk, with contact preferences and campaigns."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from . import service as s
from .model.inbox import INBOX
from .model.outcomes import OUTCOMES
from .values import MESSAGE_RULES

CONTEXT: Final = Context(
    "messages",
    s.Messages,
    (s.PREFERENCES_CASES, s.CAMPAIGN_CASES, s.TEXT_CASES),
    (OUTCOMES, INBOX),
    projections=(chronicle(__file__, s.PREFERENCES_CASES), chronicle(__file__, s.TEXT_CASES)),
    section=MESSAGE_RULES,
)
