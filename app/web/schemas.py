"""What the probes answer."""

from typing import Literal

from app.fields import Output
from app.web.readiness import Component


class Liveness(Output):
    """The process runs and serves."""

    status: Literal["ok"]


class Components(Output):
    """What the service needs to work."""

    database: Component
    migrations: Component
    durability: Component
    writable: Component


class ReadinessRead(Output):
    """The service can work; each component by name."""

    status: Literal["ready"]
    components: Components
