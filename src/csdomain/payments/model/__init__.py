"""The bill, the payment and their commands. Every command checks everything first and changes after.

What is used of a payment stands in the payment, so that one lock decides it; the bill has the sums. Where a command of
the one changes the other, the change of the other *follows*: it is a step of its table that asks for no permission.
"""
