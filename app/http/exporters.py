"""The OpenTelemetry SDK: imported only where an endpoint is configured (extra `otel`)."""

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.metrics import MeterProvider as AnyMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import TracerProvider as AnyTracerProvider
from typing_extensions import override

#: They hold customers' ids and filters; `http.route` says enough.
_PERSONAL = ("url.path", "url.query")


class Redaction(SpanProcessor):
    """Blots out what may be personal before a span is exported."""

    @override
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for name in _PERSONAL:
            if span.attributes is not None and name in span.attributes:
                span.set_attribute(name, "REDACTED")


def start(endpoint: str) -> tuple[AnyTracerProvider, AnyMeterProvider, Callable[[], None]]:
    """Providers that send to the endpoint, and what ends them; statements carry no values."""
    base = endpoint.rstrip("/")
    resource = Resource.create({"service.name": "feedback"})
    tracer = TracerProvider(resource=resource)
    tracer.add_span_processor(Redaction())
    tracer.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces")))
    exporter = OTLPMetricExporter(endpoint=f"{base}/v1/metrics")
    meter = MeterProvider([PeriodicExportingMetricReader(exporter)], resource=resource)
    instrumentor: Any = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=tracer)

    def close() -> None:
        instrumentor.uninstrument()
        tracer.shutdown()
        meter.shutdown()

    return tracer, meter, close
