"""OpenTelemetry: FastAPI makes spans and metrics itself; here they are given somewhere to go."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from fastapi.telemetry import TelemetryConfig

from app.config import Settings
from app.log import log

_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
#: Nothing is observed.
OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


@dataclass(frozen=True)
class Telemetry:
    """What FastAPI is told, and how to send the rest before the end."""

    config: TelemetryConfig
    close: Callable[[], None]


def of(settings: Settings) -> Telemetry:
    """Exporters to `otel_endpoint` (OTLP over HTTP); without an endpoint, nothing at all.

    An endpoint without the packages of the extra is said in the log; the service runs on.
    """
    if not settings.otel_endpoint:
        return Telemetry(OFF, _nothing)
    try:
        # Only here: the packages belong to an extra, and take long to import.
        exporters = import_module("app.http.exporters")
    except ImportError:
        log.error(
            "telemetry.missing",
            message="FEEDBACK_OTEL_ENDPOINT is set, but the packages are not installed: "
            "install customer-feedback[otel]",
        )
        return Telemetry(OFF, _nothing)
    tracer, meter, close = exporters.start(settings.otel_endpoint)
    return Telemetry(
        {
            "tracer_provider": tracer,
            "meter_provider": meter,
            # FastAPI's log records carry the text of exceptions.
            "logs": False,
            "auto_configure": False,
            "exclude": _is_probe,
        },
        close,
    )


def _is_probe(scope: MutableMapping[str, Any]) -> bool:
    return scope["path"] in _PROBES


def _nothing() -> None:
    return
