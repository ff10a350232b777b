"""Every table of the product, gathered for the migrations."""

from app import jobs
from app.alerts import models as alerts
from app.analyses import models as analyses
from app.churn import models as churn
from app.complaints import models as complaints
from app.customers import models as customers
from app.db import Base
from app.events import models as events
from app.http import idempotency
from app.lifetime import models as lifetime
from app.market import models as market
from app.purchases import models as purchases
from app.recounts import models as recounts
from app.reports import models as reports
from app.responses import models as responses
from app.restatements import models as restatements
from app.scorecards import models as scorecards
from app.surveys import models as surveys
from app.targets import models as targets
from app.weighting import models as weighting
from app.workspaces import models as workspaces

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "alerts",
    "analyses",
    "churn",
    "complaints",
    "customers",
    "events",
    "idempotency",
    "jobs",
    "lifetime",
    "market",
    "purchases",
    "recounts",
    "reports",
    "responses",
    "restatements",
    "scorecards",
    "surveys",
    "targets",
    "weighting",
    "workspaces",
]
