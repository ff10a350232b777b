"""Every KPI, by family: one declaration each."""

from app.kpis.catalog.complaints import KPIS as COMPLAINT_KPIS
from app.kpis.catalog.customer_value import KPIS as VALUE_KPIS
from app.kpis.catalog.customers import KPIS as CUSTOMER_KPIS
from app.kpis.catalog.image import KPIS as IMAGE_KPIS
from app.kpis.catalog.indices import KPIS as INDEX_KPIS
from app.kpis.catalog.loyalty import KPIS as LOYALTY_KPIS
from app.kpis.catalog.market import KPIS as MARKET_KPIS
from app.kpis.catalog.price import KPIS as PRICE_KPIS
from app.kpis.catalog.response_counts import KPIS as RESPONSE_KPIS
from app.kpis.catalog.returning import KPIS as RETURNING_KPIS
from app.kpis.catalog.satisfaction import KPIS as SATISFACTION_KPIS
from app.kpis.catalog.service_quality import KPIS as QUALITY_KPIS
from app.kpis.catalog.stated_complaints import KPIS as STATED_KPIS
from app.kpis.catalog.survey_scores import KPIS as SCORE_KPIS
from app.kpis.declaration import Kpi

CATALOGUE: tuple[Kpi, ...] = (
    *SATISFACTION_KPIS,
    *SCORE_KPIS,
    *LOYALTY_KPIS,
    *INDEX_KPIS,
    *IMAGE_KPIS,
    *PRICE_KPIS,
    *VALUE_KPIS,
    *QUALITY_KPIS,
    *STATED_KPIS,
    *RESPONSE_KPIS,
    *COMPLAINT_KPIS,
    *CUSTOMER_KPIS,
    *RETURNING_KPIS,
    *MARKET_KPIS,
)
