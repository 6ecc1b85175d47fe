"""Migrations of Django's, one for each revision of csdomain's tables."""
