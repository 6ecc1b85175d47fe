"""What is looked at in the built documentation is seen where it is missing."""

import inspect
from typing import Final

import build_docs
from csdomain.kernel.values.arguments import is_command

PAGE: Final = "".join(
    f'<h4 id="{service.__module__}.{service.__name__}.{name}"></h4><p>{member.__doc__}</p>'
    for service in build_docs.services()
    for name, member in inspect.getmembers(service, inspect.isfunction)
    if is_command(member)
).replace("``", "")


def test_a_command_that_is_not_on_the_page_or_has_no_text_is_named() -> None:
    names = {service.__name__ for service in build_docs.services()}
    assert {"Complaints", "Messages", "Orders", "Staff"} <= names
    assert build_docs.missing(PAGE) == []
    without = PAGE.replace('id="csdomain.complaints.service.Complaints.accept"', "")
    assert build_docs.missing(without) == ["Complaints.accept is not on the page"]
    silent = PAGE.replace("Customer service takes the complaint on", "")
    assert [fault.partition(":")[0] for fault in build_docs.missing(silent)] == [
        "Complaints.accept stands there without its text"
    ]


def test_a_raw_role_is_seen() -> None:
    assert build_docs.RAW.search("raises :class:<code>Conflict</code>")
    assert build_docs.RAW.search("see :meth:`erase`")
    assert not build_docs.RAW.search("a class: <code>Conflict</code>")
