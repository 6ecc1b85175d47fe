"""Staff and delegations: their use cases, and what the decisions of other contexts ask of them."""

from .authorities import Authorities
from .use_cases import Deputies, Staff

__all__ = ["Authorities", "Deputies", "Staff"]
