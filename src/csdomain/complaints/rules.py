"""The rules of complaints."""

from csdomain.kernel.rules import Rule

FORM = Rule(
    "CMP-01",
    "A complaint form says what was delivered, what is wrong with it, and what the customer wants.",
    zh="客户投诉处理表须写明交付的货品、异常情况与客户要求。",
    source="A §25.1",
)
ACCEPTANCE = Rule(
    "CMP-04",
    "Acceptance by customer service starts the clock within which the complaint is closed.",
    zh="客户服务部受理之时起计时，须在期限内结案。",
    source="A §26.1",
)
STATES = Rule(
    "CMP-25",
    "A complaint goes from received to accepted to closed, each step recorded.",
    zh="投诉依次经过收到、受理、结案，每一步均须记录。",
    source="A 附表1, §29",
)
