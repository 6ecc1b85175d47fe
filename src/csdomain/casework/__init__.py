"""What several contexts are built of: values, tables and functions that their own commands call (design decision D24).

Casework knows the kernel, the rulebook and the frame, and no context. A context embeds its values and calls its
functions; the rule that a refusal names, and the error of an argument, are the context's own.
"""
