"""The ids of complaints, and the permissions that they ask for."""

from typing import Final, NewType

from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.ids import IdKind

ComplaintId = NewType("ComplaintId", str)
COMPLAINT: Final = IdKind[ComplaintId]("cmp")
#: What a form's personal fields are salted with: 80 random bits from the host's source of ids.
SALT: Final = IdKind[str]("slt")

READ: Final = Action("complaints.read")
RECEIVE: Final = Action("complaints.receive")
IMPORT: Final = Action("complaints.import")
CHECK: Final = Action("complaints.check")
ACCEPT: Final = Action("complaints.accept")
MARK: Final = Action("complaints.mark")
ASSIGN: Final = Action("complaints.assign")
INVOLVE: Final = Action("complaints.involve")
CONTRIBUTE: Final = Action("complaints.contribute")
INVESTIGATE: Final = Action("complaints.investigate")
INSPECT: Final = Action("complaints.inspect")
RULE: Final = Action("complaints.rule")
JUDGE: Final = Action("complaints.judge")
SUBMIT: Final = Action("complaints.submit")
RECOMMEND: Final = Action("complaints.recommend")
DECIDE: Final = Action("complaints.decide")
ANSWER: Final = Action("complaints.answer")
RENEW: Final = Action("complaints.renew")
SUPERVISE: Final = Action("complaints.supervise")
HANDLE: Final = Action("complaints.handle")
CLOSE: Final = Action("complaints.close")
WITHDRAW: Final = Action("complaints.withdraw")
REMARK: Final = Action("complaints.remark")
SELL: Final = Action("complaints.sell")
SIGN: Final = Action("complaints.sign")
WAREHOUSE: Final = Action("complaints.warehouse")
FINANCE: Final = Action("complaints.finance")
IMPROVE: Final = Action("complaints.improve")
REVIEW: Final = Action("complaints.review")
PENALISE: Final = Action("complaints.penalise")
PERSONNEL: Final = Action("complaints.personnel")
REBASE: Final = Action("complaints.rebase")
ERASE: Final = Action("complaints.erase")
#: To keep a case from being erased, because law demands it, and to give it free.
HOLD: Final = Action("complaints.hold")
#: To read what is kept of an erased customer.
RESTRICTED: Final = Action("complaints.restricted")
#: To see in exports who the customers are.
PERSONAL: Final = Action("complaints.personal")

ACTIONS: Final = (
    *(
        READ,
        RECEIVE,
        IMPORT,
        CHECK,
        ACCEPT,
        MARK,
        ASSIGN,
        INVOLVE,
        CONTRIBUTE,
        INVESTIGATE,
        INSPECT,
        RULE,
        JUDGE,
        SUBMIT,
    ),
    *(RECOMMEND, DECIDE, ANSWER, RENEW, SUPERVISE, HANDLE, CLOSE, WITHDRAW, REMARK, SELL, SIGN, WAREHOUSE, FINANCE),
    *(IMPROVE, REVIEW, PENALISE, PERSONNEL, REBASE, ERASE, HOLD, RESTRICTED, PERSONAL),
)
