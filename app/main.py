"""The HTTP application: the only place that knows every part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import Settings
from app.db import Database
from app.http import rendering
from app.workspaces.keys import KeyRing
from app.workspaces.routes import router as workspaces

ROUTERS = (workspaces,)


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
    rendering.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.database.close()
