"""The rules of bills and payments."""

from csdomain.casework.charging import CHARGE as CHARGE
from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"payment": "收款", "bill": "账单", "invoiced": "已开票"})

AMOUNT = Rule(
    "REN-06",
    "A payment is used once: what is used of it is never more than came, what is left is credit, used only on purpose.",
    zh="每笔款项只使用一次：已用金额不超过到账金额，余额作为预存款，须经指定方可使用。",
    source="C 應收和實收",
)
NOTICE = Rule(
    "REN-12",
    "When the money has come the customer is told, and contacted within the time that the house promises.",
    zh="款项到账后告知客户，并在承诺的时限内联系。",
    source="C 8.4.8",
)
CASH = Rule(
    "REN-13",
    "For a transfer the customer gets the account at the bank named; cash is handed in by the end of the working day, "
    "and listed by holder until then.",
    zh="转账告知客户相应银行的账号；现金须于当个工作日内上交财务，未上交者按持有人列出。",
    source="C 8.4.8",
)
