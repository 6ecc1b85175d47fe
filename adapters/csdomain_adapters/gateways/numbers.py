"""Phone numbers as gateways take them."""

import re
from typing import Final

from .answers import Fate, Gate

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def e164(gate: Gate, address: str) -> str:
    """A number in E.164. Raises DeliveryFailed for anything else: the extra ``phones`` makes numbers of what people
    write, where they are filed."""
    if not _E164.fullmatch(address):
        raise gate.failed(Fate.REFUSED_ADDRESSEE, "no phone number in E.164")
    return address
