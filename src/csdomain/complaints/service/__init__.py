"""The use cases of complaints, one method each."""

import attrs

from .archiving import Archiving
from .deciding import Deciding
from .erasing import Erasing
from .handling import Handling
from .questions import Questions
from .settling import Settling


@attrs.frozen
class Complaints(Handling, Deciding, Settling, Archiving, Erasing, Questions):
    """Complaints, from the counter to the archive: one method a use case.

    Every command takes ``by``, ``at``, and if one likes ``key`` and ``expected``: see
    :class:`~csdomain.rulebook.usecases.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused,
    NaiveTime, Conflict, KeyReused; what else it refuses, its docstring says.
    """


__all__ = ["Complaints"]
