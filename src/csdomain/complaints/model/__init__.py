"""The complaint: one case, its forms, its state. Every command checks first and changes after."""

from .archiving import PastCase
from .case import CaseBody
from .complaint import (
    CLAIMED,
    CLOSED_AT,
    CLOSED_MONTH,
    COMPLAINTS,
    CUSTOMER,
    DISCREPANCIES,
    GRAVE,
    NUMBER,
    RECEIVED_AT,
    REVIEWED,
    RULEBOOK,
    STATE,
    Complaint,
)
from .deciding import AnswerBeyondDecision, Standing
from .forms import (
    Certificate,
    HandlingForm,
    Hold,
    Improvement,
    Memorandum,
    Part,
    Penalty,
    Remark,
    ReturnSlip,
    Review,
    Submission,
)
from .investigating import SecondPenalty
from .returning import ReturnWithoutSlip
from .settling import JudgementMissing

__all__ = [
    "CLAIMED",
    "CLOSED_AT",
    "CLOSED_MONTH",
    "COMPLAINTS",
    "CUSTOMER",
    "DISCREPANCIES",
    "GRAVE",
    "NUMBER",
    "RECEIVED_AT",
    "REVIEWED",
    "RULEBOOK",
    "STATE",
    "AnswerBeyondDecision",
    "CaseBody",
    "Certificate",
    "Complaint",
    "HandlingForm",
    "Hold",
    "Improvement",
    "JudgementMissing",
    "Memorandum",
    "Part",
    "PastCase",
    "Penalty",
    "Remark",
    "ReturnSlip",
    "ReturnWithoutSlip",
    "Review",
    "SecondPenalty",
    "Standing",
    "Submission",
]
