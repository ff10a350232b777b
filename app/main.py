"""The HTTP application: the only place that knows every part."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from sqlalchemy.pool import QueuePool

from app import jobs
from app.alerts.routes import router as alerts
from app.analyses.routes import router as analyses
from app.analyses.run_routes import router as analysis_runs
from app.churn.routes import router as churn
from app.complaints.routes import router as complaints
from app.complaints.tracking_routes import router as complaint_tracking
from app.config import Settings
from app.customers.order_routes import router as orders
from app.customers.routes import router as customers
from app.db import Database
from app.http import rendering, telemetry
from app.http.cors import Embeds
from app.http.draining import announced
from app.http.edge import Edge
from app.http.metrics import Traffic
from app.http.openapi import Api
from app.kpis.cohort_routes import router as cohorts
from app.kpis.routes import router as kpis
from app.kpis.survival_routes import router as survival
from app.kpis.target_routes import router as targets
from app.lifetime.routes import router as model_runs
from app.log import SINK
from app.market.lead_routes import router as leads
from app.market.routes import router as market
from app.recounts.service import count_differences
from app.reports.routes import router as reports
from app.responses.bulk import BulkIntake
from app.responses.envelope import ENVELOPE
from app.responses.intake import Intake
from app.responses.questionnaires import Questionnaires
from app.responses.routes import router as responses
from app.responses.routes import submissions
from app.responses.writer import Writer
from app.sampling.routes import router as sampling
from app.scorecards.metric_routes import router as metrics
from app.scorecards.routes import router as scorecards
from app.surveys.routes import router as surveys
from app.surveys.version_routes import router as survey_versions
from app.web.readiness import Probe
from app.web.routes import router as web
from app.weighting.routes import router as weighting_schemes
from app.workspaces.keys import KeyRing
from app.workspaces.routes import router as workspaces

ROUTERS = (
    workspaces,
    surveys,
    survey_versions,
    submissions,
    responses,
    complaints,
    complaint_tracking,
    customers,
    orders,
    leads,
    market,
    churn,
    model_runs,
    cohorts,
    survival,
    kpis,
    targets,
    reports,
    analyses,
    analysis_runs,
    sampling,
    weighting_schemes,
    metrics,
    scorecards,
    alerts,
    web,
)

ABOUT = """Surveys, complaints, customers, and the figures that follow from them.

- Send `Authorization: Bearer <key>`. The workspace comes from the key alone.
- JSON in UTF-8; times in RFC 3339 with an offset; money as decimal text with a currency; ids are
  opaque. Unknown fields and unknown query parameters are refused.
- A list answers `data` and `next_cursor`; send that as `cursor` for the next page.
- Errors are `application/problem+json`: branch on `code`. `Accept-Language: zh-CN` or `en` chooses
  the language of their texts, and of labels.
- What can be edited has an `ETag`; with `If-Match` nobody overwrites an edit unseen. Every POST
  that makes something takes an `Idempotency-Key`, so that repeating it is safe.

问卷、投诉、客户与指标。请以 `Authorization: Bearer <key>` 发送密钥；错误以 `code` 区分，
`Accept-Language` 决定文本语言。
"""
TAGS = {
    "surveys": "Define, publish and version surveys. / 定义、发布问卷及其版本。",
    "responses": "Submit responses exactly once, and read them. / 提交答复（恰好一次）与读取答复。",
    "complaints": "Take in and handle complaints and other contacts. / 受理与处理投诉及其他来访。",
    "complaint tracking": "What a complainant does with the receipt. / 投诉人凭回执查询与回复。",
    "customers": "Who the customers are. / 客户资料。",
    "orders": "What they bought and what was refunded. / 订单与退款。",
    "model runs": "Models of lifetime value, fitted in the background. / 客户终身价值模型的拟合。",
    "market": "Leads, acquisition spend, market totals. / 线索、获客支出与市场总量。",
    "churn": "Who may be leaving, and why. / 可能流失的客户及其原因。",
    "kpis": "Figures with their formulas, intervals and tests. / 指标及其公式、区间与检验。",
    "steering": "Goals, scorecards, alerts. / 目标、计分卡与预警。",
    "reports": "Figures of a period as pages and PDF. / 定期报告（网页与 PDF）。",
    "analyses": "Why figures are what they are, with effects and tests. / 归因与差异分析。",
    "sampling": "How many to ask, and how to weigh their answers. / 抽样、加权与答复质量。",
    "administration": "The workspace and its API keys. / 工作区与 API 密钥。",
    "operation": "For whoever operates the service. / 运维接口。",
}


def create_app(settings: Settings) -> FastAPI:
    """Build the application for these settings; nothing is read from the environment here."""
    observed = telemetry.of(settings)
    app = _api(observed.config)
    state = app.state
    state.settings = settings
    state.telemetry = observed
    state.database = Database(settings)
    state.keys = KeyRing(state.database, settings.pepper.get_secret_value())
    state.writer = Writer(settings)
    questionnaires = Questionnaires(state.database)
    bulk = BulkIntake(settings, questionnaires)
    state.intake = Intake(state.keys, questionnaires, state.writer, bulk)
    state.submission_envelope = ENVELOPE
    state.probe = Probe(state.database)
    state.references = {}
    state.traffic = _traffic(settings, state.database)
    app.edge = partial(
        Edge,
        settings=settings,
        traffic=state.traffic,
        embeds=Embeds(ROUTERS),
        hot=state.intake.claim,
    )
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document, which is the same for all settings."""
    return _api(telemetry.OFF).openapi()


def _api(observed: TelemetryConfig) -> Api:
    """The routes and their document, without anything behind them yet."""
    app = Api(
        title="Customer feedback",
        version="1.0.0",
        description=ABOUT,
        openapi_tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": "/"}],
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        telemetry=observed,
        lifespan=_lifespan,
        # As they are: FastAPI would make each route of an included router anew for the first
        # request, which takes a second, and look for the right one twice for every request.
        routes=[route for router in ROUTERS for route in router.routes],
    )
    rendering.install(app)
    return app


def _traffic(settings: Settings, database: Database) -> Traffic:
    """The counts of this process, with the gauges that its parts add."""
    traffic = Traffic(settings.metrics_directory)
    pool = database.engine.pool
    if isinstance(pool, QueuePool):
        traffic.gauge(
            "feedback_database_connections_in_use",
            "Connections of the request pool that are checked out.",
            pool.checkedout,
        )
    traffic.slow_gauge(
        "feedback_jobs_dead",
        "Background jobs that used up their attempts; see `feedback retry-jobs`.",
        partial(jobs.count_dead, database),
    )
    traffic.slow_gauge(
        "feedback_jobs_behind_seconds",
        "How long the oldest background job that is due has waited for a worker.",
        partial(jobs.seconds_behind, database),
    )
    traffic.slow_gauge(
        "feedback_recount_mismatches_total",
        "Cells of figures that a nightly recount from the rows found wrong; must stay 0.",
        partial(count_differences, database),
    )
    return traffic


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    app.state.writer.start()
    # What was made up to here lives as long as the process: the collector need not look at it
    # again at every turn, and pages shared with other workers stay shared.
    # Requests make few cycles, and bulk chunks many objects at once: look more rarely.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with announced(app.state.traffic, settings.drain_seconds):
        yield
    await app.state.writer.stop()
    await app.state.database.close()
    app.state.telemetry.close()
    SINK.flush()
