"""Complaints: what a customer complains about, from the counter to the archive (CMP-01…30)."""
