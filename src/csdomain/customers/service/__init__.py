"""The use cases of customers, of their health files and of papers about them."""

from .customers import Customers as Customers
from .customers import ImportReport as ImportReport
from .customers import RowFault as RowFault
from .papers import CONNECTION_CASES as CONNECTION_CASES
from .papers import CORRECTION_CASES as CORRECTION_CASES
from .papers import CUSTOMER_CASES as CUSTOMER_CASES
from .papers import HANDOVER_CASES as HANDOVER_CASES
from .papers import HEALTH_CASES as HEALTH_CASES
from .papers import LEAD_CASES as LEAD_CASES
from .papers import RELEASE_CASES as RELEASE_CASES
from .papers import VEHICLE_CASES as VEHICLE_CASES
from .papers import WORKLIST_CASES as WORKLIST_CASES
from .papers import RecordedFiles as RecordedFiles
