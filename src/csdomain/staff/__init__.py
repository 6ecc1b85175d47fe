"""Staff: who works where, in which positions, from when to when, and who stands in for whom (PPL-01, KRN-08)."""
