"""The service desk as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from .service import CHECK_CASES, JOB_CASES, TRIAL_CASES, ServiceDesk

CONTEXT: Final = Context(
    "service_desk",
    ServiceDesk,
    (JOB_CASES, CHECK_CASES, TRIAL_CASES),
    projections=(chronicle(__file__, JOB_CASES), chronicle(__file__, TRIAL_CASES)),
)
