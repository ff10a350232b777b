"""The HTTP application: the only place that knows every part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.pool import QueuePool
from starlette.types import Scope

from app.complaints.routes import router as complaints
from app.complaints.tracking_routes import router as complaint_tracking
from app.config import Settings
from app.customers.order_routes import router as orders
from app.customers.routes import router as customers
from app.db import Database
from app.http import rendering, telemetry
from app.http.cors import Embeds
from app.http.draining import announced
from app.http.edge import Edge, Hot
from app.http.metrics import Traffic
from app.kpis.cohort_routes import router as cohorts
from app.kpis.routes import router as kpis
from app.log import SINK
from app.responses.bulk import BulkIntake
from app.responses.intake import Intake, target
from app.responses.questionnaires import Questionnaires
from app.responses.routes import router as responses
from app.responses.routes import submissions
from app.responses.writer import Writer
from app.surveys.routes import router as surveys
from app.surveys.version_routes import router as survey_versions
from app.web.readiness import Probe
from app.web.routes import router as web
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
    cohorts,
    kpis,
    web,
)


def create_app(settings: Settings) -> FastAPI:
    """Build the application for these settings; nothing is read from the environment here."""
    observed = telemetry.of(settings)
    app = FastAPI(
        title="Customer feedback",
        version="1.0.0",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        telemetry=observed.config,
        lifespan=_lifespan,
    )
    state = app.state
    state.settings = settings
    state.telemetry = observed
    state.database = Database(settings)
    state.keys = KeyRing(state.database, settings.pepper.get_secret_value())
    state.writer = Writer(settings)
    questionnaires = Questionnaires(state.database)
    bulk = BulkIntake(settings, questionnaires)
    state.intake = Intake(state.keys, questionnaires, state.writer, bulk)
    state.probe = Probe(state.database)
    state.references = {}
    state.traffic = _traffic(settings, state.database)
    rendering.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(
        Edge,
        settings=settings,
        traffic=state.traffic,
        embeds=Embeds(ROUTERS),
        hot=_hot(state.intake),
    )
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
    return traffic


def _hot(intake: Intake) -> Hot:
    """Submissions go straight to their intake; everything else to its route."""

    def choose(scope: Scope) -> Intake | None:
        return intake if target(scope["method"], scope["path"]) is not None else None

    return choose


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    app.state.writer.start()
    with announced(app.state.traffic, settings.drain_seconds):
        yield
    await app.state.writer.stop()
    await app.state.database.close()
    app.state.telemetry.close()
    SINK.flush()
