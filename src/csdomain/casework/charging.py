"""The rule that cases charge by and bills are collected by: it stands in two contexts (SVC-05)."""

from csdomain.kernel.rules import Rule

CHARGE = Rule(
    "SVC-05",
    "A small fee is collected on the spot and invoiced after, a larger one is invoiced first; what is collected, "
    "handed in and invoiced always agrees.",
    zh="小额费用当场收取、事后开票，超额者先开票后收款；收取、上交与开票金额始终一致。",
    source="A §9, new",
)
