"""Desks on every backend, as the tests of stores have them."""

from adapters.conftest import clean_url, desks  # noqa: F401 - fixtures
