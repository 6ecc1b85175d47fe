"""The ids of complaints, and the permission that no command asks for."""

from typing import Final, NewType

from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.ids import IdKind

ComplaintId = NewType("ComplaintId", str)
COMPLAINT: Final = IdKind[ComplaintId]("cmp")
#: What a form's personal fields are salted with: 80 random bits from the host's source of ids.
SALT: Final = IdKind[str]("slt")
#: To see in exports who the customers are.
PERSONAL: Final = Action("complaints.personal")
