"""For operators and their tools: is it alive, is it ready, how is it doing."""

from flask import Blueprint
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.contract import Served, operation
from api.errors import ForbiddenError, UnauthorizedError
from api.metrics import collect_registry
from api.request import Request
from api.responses import NO_STORE, Answer, Representation, respond
from api.schemas import operations as schemas
from api.server.groups import Groups
from core import database, stats
from core.access.principals import Role
from core.errors import UnavailableError
from core.infra import health, replicas
from core.infra.apart import apart

blueprint = Blueprint("operations", __name__)
TAG = "Operations"


@blueprint.get("/healthz")
@operation(
    served=Served.LOOP,
    summary="Whether the process lives",
    tag=TAG,
    returns={200: schemas.Alive},
    is_counted=False,
)
async def get_health(request: Request, groups: Groups) -> Answer:
    """Answers as long as the process does, whatever its threads are stuck in."""
    return respond({"status": "ok"})


@blueprint.get("/readyz")
@operation(
    summary="Whether bookings can be taken",
    tag=TAG,
    returns={200: schemas.Ready},
    errors=[UnavailableError],
    is_urgent=True,
    is_counted=False,
)
def get_readiness() -> Answer:
    """200 where the database is fit, and what of the rest is down; else 503."""
    if fault := health.find_service_fault():
        raise UnavailableError(f"Not ready: {fault}.")
    is_redis_up = health.is_redis_up()
    return respond(
        {
            "status": "ok" if is_redis_up else "degraded",
            "database": "up",
            "redis": "up" if is_redis_up else "down",
        }
    )


@blueprint.get("/metrics")
@operation(
    served=Served.SHARED,
    summary="Prometheus metrics",
    description="Where METRICS_TOKEN is set, for who has that as the Bearer credential, or the role admin.",
    tag=TAG,
    returns={200: None},
    errors=[UnauthorizedError, ForbiddenError],
    media_type="text/plain",
    is_urgent=True,
)
def get_metrics() -> Representation:
    """The figures of all web processes, and what waits in the database."""
    told = generate_latest(collect_registry())
    return Representation("", NO_STORE, told, content_type=CONTENT_TYPE_LATEST, varies=True)


@blueprint.get("/admin/stats")
@operation(
    role=Role.BOX_OFFICE,
    summary="The service in figures",
    tag="Admin: statistics",
    returns={200: schemas.Stats},
    errors=[UnavailableError],
)
def get_stats() -> Answer:
    """Shows, seats, what waits, what was settled in the last minute."""
    return respond(replicas.read(stats.read_stats))


@blueprint.get("/admin/database")
@operation(
    role=Role.OPERATOR,
    summary="The database: locks, slow queries, replication lag, connections",
    description="Who waits for whom at this moment, read from PostgreSQL's own views over a connection "
    "beside the pools. A role that is a member of `pg_monitor` sees all sessions, else only its own.",
    tag="Admin: statistics",
    returns={200: schemas.DatabaseStats},
    errors=[UnavailableError],
    is_urgent=True,
)
def get_database() -> Answer:
    """What PostgreSQL tells of itself."""
    with apart() as connection:
        return respond(database.read_database(connection))
