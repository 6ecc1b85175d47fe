"""Adapters of csdomain, one extra each. Importing this package imports nothing."""
