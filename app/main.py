"""The HTTP application: the only place that knows every part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import Settings
from app.db import Database
from app.http import rendering
from app.responses.bulk import BulkIntake
from app.responses.intake import Intake
from app.responses.questionnaires import Questionnaires
from app.responses.routes import router as responses
from app.responses.routes import submissions
from app.responses.writer import Writer
from app.surveys.routes import router as surveys
from app.surveys.version_routes import router as survey_versions
from app.workspaces.keys import KeyRing
from app.workspaces.routes import router as workspaces

ROUTERS = (workspaces, surveys, survey_versions, submissions, responses)


def create_app(settings: Settings) -> FastAPI:
    """Build the application for these settings; nothing is read from the environment here."""
    app = FastAPI(
        title="Customer feedback",
        version="1.0.0",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.database = Database(settings)
    app.state.keys = KeyRing(app.state.database, settings.pepper.get_secret_value())
    app.state.writer = Writer(settings)
    questionnaires = Questionnaires(app.state.database)
    bulk = BulkIntake(settings, questionnaires)
    app.state.intake = Intake(app.state.keys, questionnaires, app.state.writer, bulk)
    rendering.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.writer.start()
    yield
    await app.state.writer.stop()
    await app.state.database.close()
