"""Customers: registered, kept, found by any field, assigned, merged where a person has two records (CUS-01…20)."""
