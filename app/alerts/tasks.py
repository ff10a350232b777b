"""Background work on alerts: evaluating what is due, delivering what was raised."""

from collections.abc import Mapping

from app.alerts.changes import DELIVER
from app.alerts.delivering import deliver
from app.alerts.evaluating import evaluate_all
from app.jobs import Handler, Periodic

JOBS = [Periodic("evaluate_alert_rules", every_seconds=5.0, run=evaluate_all)]
HANDLERS: Mapping[str, Handler] = {DELIVER: deliver}
