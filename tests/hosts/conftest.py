"""Fixtures of the tests of host apps: those of the tests of stores."""

from adapters.conftest import clean_url, desks  # noqa: F401 - fixtures
