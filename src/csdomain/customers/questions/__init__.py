"""Questions about customers: what they are found by, how well, and which records are one person's (CUS-04, CUS-13)."""
