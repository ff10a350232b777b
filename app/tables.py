"""Every table of the product, gathered for the migrations."""

from app.db import Base
from app.events import models as events
from app.http import idempotency
from app.workspaces import models as workspaces

METADATA = Base.metadata

__all__ = ["METADATA", "events", "idempotency", "workspaces"]
