"""Ready instruments in zh-CN and en; a new one is a module here and a line below."""

from app.surveys.templates.relationship import RELATIONSHIP
from app.surveys.templates.service_call_back import SERVICE_CALL_BACK
from app.surveys.templates.wording import Template

TEMPLATES: dict[str, Template] = {
    template.key: template for template in (SERVICE_CALL_BACK, RELATIONSHIP)
}

__all__ = ["TEMPLATES", "Template"]
