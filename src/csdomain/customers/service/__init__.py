"""The use cases of customers, of their health files and of papers about them."""

from .customers import Customers as Customers
from .papers import CUSTOMER_CASES as CUSTOMER_CASES
from .papers import HANDOVER_CASES as HANDOVER_CASES
from .papers import HEALTH_CASES as HEALTH_CASES
