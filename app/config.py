"""Settings, read once from the environment by whoever starts the service."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

#: Pepper of the demonstration and the tests; `feedback check` refuses it for production.
DEMO_PEPPER = "demo-pepper-not-a-secret-demo-pepper"


class Settings(BaseSettings):
    """Everything that differs between installations.

    Read from variables with the prefix `FEEDBACK_`, except `DATABASE_URL`, the name every host
    already uses. Passed explicitly to `create_app` and `run`: there is no global instance.
    """

    model_config = SettingsConfigDict(
        env_prefix="FEEDBACK_", env_file=".env", extra="ignore", populate_by_name=True
    )

    database_url: Annotated[str, Field(validation_alias="DATABASE_URL")] = ""
    pepper: SecretStr = SecretStr("")
    """Secret mixed into every stored key hash; at least 32 characters, kept out of the database."""

    environment: str = "production"
    base_url: str = "http://127.0.0.1:8000"

    pool_size: int = Field(default=6, ge=2, le=100)
    """Connections of one process for requests; the response writer has its own beside them."""
    writer_connections: int = Field(default=2, ge=1, le=20)
    pool_timeout_seconds: float = Field(default=2.0, gt=0)
    lock_timeout_ms: int = Field(default=2_000, ge=100)
    statement_timeout_ms: int = Field(default=4_000, ge=100)
    report_timeout_ms: int = Field(default=8_000, ge=100)
    command_timeout_seconds: float = Field(default=10.0, gt=0)

    max_body_bytes: int = Field(default=1_048_576, ge=1_024)
    max_submission_bytes: int = Field(default=65_536, ge=1_024)
    max_bulk_bytes: int = Field(default=1_073_741_824, ge=1_048_576)
    header_timeout_seconds: float = Field(default=10.0, gt=0)
    body_timeout_seconds: float = Field(default=15.0, gt=0)
    max_in_flight: int = Field(default=512, ge=8)
    """Requests in progress in one process; the next is told 503 `overloaded`."""
    drain_seconds: float = Field(default=0.0, ge=0)
    shutdown_timeout_seconds: int = Field(default=10, ge=1)

    webhook_private_addresses: bool = False
    """Let webhooks go to http and to addresses of the own network."""
    smtp_host: str = ""
    """The server that takes our mail; empty sends none."""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "feedback@localhost"

    access_log: bool = True
    """One line for each request; route templates only, never a query string."""
    metrics_public: bool = False
    """Serve `/metrics` to everybody; otherwise only to loopback addresses."""
    metrics_directory: str = ""
    """Where the processes of one machine add up their metrics; `serve` makes one by itself."""
    otel_endpoint: str = ""
    """OTLP/HTTP endpoint; empty leaves OpenTelemetry without an exporter."""

    @model_validator(mode="after")
    def _name_the_driver(self) -> Self:
        """Accept the plain `postgres://` form that hosting platforms hand out."""
        scheme, found, rest = self.database_url.partition("://")
        if found and scheme in {"postgres", "postgresql"}:
            self.database_url = f"postgresql+asyncpg://{rest}"
        return self
