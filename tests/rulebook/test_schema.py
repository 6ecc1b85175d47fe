"""The JSON Schema of rulebooks takes what loads, and marks what is of another form (KRN-01)."""

from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft7Validator

from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped_names
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.rulebook.loader import content
from csdomain.rulebook.schema import schema
from rulebook.test_loading import FAULTS, house, put

pytestmark = pytest.mark.rule(HOUSE_RULES)
SCHEMA = schema(sections())
CHECK = Draft7Validator(SCHEMA)
#: What only the loader sees: that a pattern has a number, that a zone exists, that figures ascend.
UNSEEN = {"warnings down", "warning beyond", "extra of no type", "currency", "zone", "branch zone", "calendar zone"}
UNSEEN |= {"calendar hours", "calendar without zone"}


def plain(value: Any) -> Any:
    """Data of a TOML file as an editor checks it."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value if isinstance(value, str | int) else str(value)


@pytest.mark.parametrize("name", shipped_names())
def test_what_ships_fits(name: str) -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert list(CHECK.iter_errors(plain(content(load_rulebook(name).canonical)))) == []
    assert CHECK.is_valid({"name": "ours", "extends": name, "complaints": {"close_within": "4 working days"}})


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - UNSEEN))
def test_what_is_of_another_form_is_marked(fault: str) -> None:
    path, value, _ = FAULTS[fault]
    book = house()
    put(book, path, value)
    errors = list(CHECK.iter_errors(plain(book)))
    assert errors
    for error in errors:
        at = list(map(str, error.absolute_path))
        assert at[: len(path)] == path[: len(at)]


def test_settings_are_described_and_names_proposed() -> None:
    book = load_rulebook("after_sales")
    for language, said in (("en", "time"), ("zh", "期限")):
        rules = schema(sections(), book, language)["properties"]["complaints"]["properties"]  # type: ignore[arg-type]
        assert said in rules["close_within"]["description"]
        assert "service_manager" in rules["overrun_to"]["examples"]
        assert "sales_manager" in rules["ladder"]["items"]["properties"]["authority"]["examples"]
    assert not CHECK.is_valid({"complaints": {"close_within": "0 days"}})
