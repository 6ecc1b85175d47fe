"""The complaint: one case, its forms, the parts that follow."""

from .columns import COMPLAINTS as COMPLAINTS
from .complaint import Complaint as Complaint
from .parts import Certificate as Certificate
from .parts import HandlingForm as HandlingForm
from .parts import Improvement as Improvement
from .parts import Ledger as Ledger
from .parts import Memorandum as Memorandum
from .parts import Note as Note
from .parts import Part as Part
from .parts import Penalty as Penalty
from .parts import Remark as Remark
from .parts import ReturnSlip as ReturnSlip
from .parts import Review as Review
from .parts import Submission as Submission
