"""Payments: what is owed, what came, in whose hands it is, what it was used for (SVC-05, REN-06, REN-12, REN-13)."""
