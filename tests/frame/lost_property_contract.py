"""The contract of the example's kind of case: of the example as it stands, and with one dull mistake at a time.

No test of its own: ``test_contract_sees.py`` runs it and looks at what fails.
"""

from typing import Any, Final

import pytest

import csdomain.contexts
from csdomain.contexts import plug_in, registered, taken
from csdomain.desk import shipped
from csdomain.frame.contexts import Context
from csdomain.rulebook import loads
from csdomain.testing.cases import CaseContract, by
from frame.lost_property import load
from frame.mistakes import MISTAKES

#: The porter does what is done every day, the manager what is seldom done.
BOOK: Final = """
name = "hotel"
extends = "after_sales"

[finds]
keep = "30 days"
keeper = "porter"

[permissions.positions]
porter = ["porter"]
manager = ["manager"]

[permissions.roles.porter]
"finds.read" = "all"
"finds.keep" = "all"
"finds.give_back" = "all"

[permissions.roles.manager]
"finds.read" = "all"
"finds.rebase" = "all"
"finds.erase" = "all"
"finds.export" = "all"
"finds.hold" = "all"
"finds.restricted" = "all"
"""


def plugged_in(context: Context[Any]) -> None:
    """Of all that could be plugged in, this context only."""
    csdomain.contexts._PLUGGED.clear()
    for known in (registered, csdomain.contexts._named, csdomain.contexts._beside):
        known.cache_clear()
    plug_in(context)


def contract_of(name: str, *changes: tuple[str, str]) -> type[CaseContract]:
    """The contract of the example after changes."""
    example = load(f"lost_property_{name}", *changes)
    plugged_in(example.CONTEXT)
    book = loads(BOOK, taken, shipped)

    class OfFinds(CaseContract):
        cases = example.FIND_CASES
        rulebook = book
        samples = {"keep": by("porter", "a black umbrella"), "give_back": by("porter", "Mr Li")}  # noqa: RUF012

        @classmethod
        def books(cls) -> list[Any]:
            return [book]

        @pytest.fixture(autouse=True)
        def plugged(self) -> None:
            plugged_in(example.CONTEXT)

        def does(self, desk: Any) -> Any:
            return desk.of(example.CONTEXT)

    if name == "a_sample_that_is_missing":
        OfFinds.samples = {"keep": by("porter", "a black umbrella")}
    return OfFinds


Test_nothing = contract_of("nothing")
for _name, (_, _changes) in MISTAKES.items():
    globals()[f"Test_{_name}"] = contract_of(_name, *_changes)
