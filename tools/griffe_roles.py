"""For the API pages: roles of docstrings (``:class:`~a.B```) read as code, with the last name where a tilde says so."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|exc|obj):`(~?)([\w.]+)`")


def plain(text: str) -> str:
    """A docstring without roles."""
    return ROLE.sub(lambda found: f"``{found[2].rpartition('.')[2] if found[1] else found[2]}``", text)


class Roles(griffe.Extension):
    """Takes the roles out of each docstring when it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = plain(obj.docstring.value)
