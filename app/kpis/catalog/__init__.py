"""Every KPI, by family: one declaration each."""

from app.kpis.catalog.complaints import KPIS as COMPLAINT_KPIS
from app.kpis.catalog.customers import KPIS as CUSTOMER_KPIS
from app.kpis.catalog.response_counts import KPIS as RESPONSE_KPIS
from app.kpis.catalog.satisfaction import KPIS as SATISFACTION_KPIS
from app.kpis.catalog.survey_scores import KPIS as SCORE_KPIS
from app.kpis.declaration import Kpi

CATALOGUE: tuple[Kpi, ...] = (
    *SATISFACTION_KPIS,
    *SCORE_KPIS,
    *RESPONSE_KPIS,
    *COMPLAINT_KPIS,
    *CUSTOMER_KPIS,
)
