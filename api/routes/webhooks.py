"""Webhook endpoints: addresses that are told of events, as Standard Webhooks prescribes."""

from dataclasses import asdict

from flask import Blueprint

from api.contract import operation
from api.paging import decode_cursor, encode_cursor
from api.request import get_current
from api.responses import NO_STORE, Answer, respond
from api.schemas import webhooks as schemas
from api.schemas.types import MAX_ID, EmptyBody
from core.access.principals import Role
from core.audit.service import changing
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import primary
from core.infra.jobs import DELIVER_WEBHOOKS, RELAY_EVENTS, send_later
from core.webhooks import log, service
from core.webhooks.errors import EndpointExistsError, EndpointNotFoundError
from core.webhooks.service import describe_endpoint

blueprint = Blueprint("webhooks", __name__)
TAG = "Admin: webhooks"
PATH = "/admin/webhook-endpoints"
ERRORS = [EndpointNotFoundError, UnavailableError]


@blueprint.post(PATH)
@operation(
    role=Role.ADMIN,
    summary="Register a webhook endpoint",
    description="It is told of what happens from now on. The secret is in this answer and in no other.",
    tag=TAG,
    body=schemas.EndpointRequest,
    headers={"Location": "where the endpoint is"},
    returns={201: schemas.NewSecretAnswer},
    errors=[InvalidRequestError, EndpointExistsError, UnavailableError],
)
def create_endpoint(body: schemas.EndpointRequest) -> Answer:
    """The endpoint, with its secret."""
    with changing(get_current().author) as change:
        made = service.create_endpoint(
            change.connection, url=body.url, types=body.types, description=body.description
        )
        change.tell("webhook_endpoint.create", _name(made.endpoint), after=describe_endpoint(made.endpoint))
    return _respond_secret(made, status=201, Location=f"{PATH}/{made.endpoint.id}")


@blueprint.get(PATH)
@operation(
    role=Role.ADMIN,
    summary="List webhook endpoints, and how they do",
    tag=TAG,
    returns={200: schemas.EndpointList},
    errors=[UnavailableError],
)
def list_endpoints() -> Answer:
    """All endpoints."""
    with primary() as connection:
        return respond({"items": service.list_endpoints(connection)})


@blueprint.get(f"{PATH}/<endpoint_id>")
@operation(
    role=Role.ADMIN,
    summary="Read a webhook endpoint, and how it does",
    tag=TAG,
    returns={200: schemas.EndpointAnswer},
    errors=ERRORS,
)
def get_endpoint(endpoint_id: int) -> Answer:
    """The endpoint as it is now."""
    with primary() as connection:
        return respond(service.get_endpoint(connection, endpoint_id))


@blueprint.patch(f"{PATH}/<endpoint_id>")
@operation(
    role=Role.ADMIN,
    summary="Change a webhook endpoint, or turn it on or off",
    description="Off, it forgets what waits for it; on again, it is told of what happens from then on.",
    tag=TAG,
    body=schemas.EndpointChange,
    returns={200: schemas.EndpointAnswer},
    errors=[*ERRORS, InvalidRequestError, EndpointExistsError],
)
def change_endpoint(endpoint_id: int, body: schemas.EndpointChange) -> Answer:
    """The endpoint with the changes."""
    with changing(get_current().author) as change:
        before, endpoint = service.update_endpoint(change.connection, endpoint_id, body.to_changes())
        change.tell(
            "webhook_endpoint.change",
            _name(endpoint),
            before=describe_endpoint(before),
            after=describe_endpoint(endpoint),
        )
    return respond(endpoint)


@blueprint.delete(f"{PATH}/<endpoint_id>")
@operation(
    role=Role.ADMIN,
    summary="Remove a webhook endpoint",
    tag=TAG,
    returns={204: None},
    errors=ERRORS,
)
def delete_endpoint(endpoint_id: int) -> Answer:
    """Nothing; the endpoint is told nothing any more."""
    with changing(get_current().author) as change:
        removed = service.delete_endpoint(change.connection, endpoint_id)
        change.tell("webhook_endpoint.delete", _name(removed), before=describe_endpoint(removed))
    return Answer(204, [("Cache-Control", NO_STORE)])


@blueprint.post(f"{PATH}/<endpoint_id>/rotate-secret")
@operation(
    role=Role.ADMIN,
    summary="Make a webhook endpoint a new secret",
    description="For a day deliveries are signed with the secret before as well. It is in this answer only.",
    tag=TAG,
    body=EmptyBody,
    returns={200: schemas.NewSecretAnswer},
    errors=ERRORS,
)
def rotate_secret(endpoint_id: int, body: EmptyBody) -> Answer:
    """The endpoint, with its new secret."""
    with changing(get_current().author) as change:
        made = service.rotate_secret(change.connection, endpoint_id)
        change.tell(
            "webhook_endpoint.rotate_secret",
            _name(made.endpoint),
            after={"old_secret_until": made.endpoint.old_secret_until},
        )
    return _respond_secret(made, status=200)


@blueprint.post(f"{PATH}/<endpoint_id>/replay")
@operation(
    role=Role.OPERATOR,
    summary="Tell a webhook endpoint of past events once more",
    description="Everything since a time, or from an event on, the same by id and content; ends a pause.",
    tag=TAG,
    body=schemas.ReplayRequest,
    returns={202: schemas.EndpointAnswer},
    errors=[*ERRORS, InvalidRequestError],
)
def replay_events(endpoint_id: int, body: schemas.ReplayRequest) -> Answer:
    """The endpoint; its deliveries follow."""
    with changing(get_current().author) as change:
        endpoint = service.replay_events(
            change.connection, endpoint_id, since=body.from_time, event_id=body.from_id
        )
        change.tell("webhook_endpoint.replay", _name(endpoint), after=body.model_dump(exclude_none=True))
    send_later(RELAY_EVENTS)
    return respond(endpoint, status=202)


@blueprint.post(f"{PATH}/<endpoint_id>/test")
@operation(
    role=Role.OPERATOR,
    summary="Send a webhook endpoint a test event",
    description=(
        "One event of type `ENDPOINT_TEST`, signed and sent as any other, once, to that endpoint alone, also "
        "where it is paused or disabled; neither that nor its counts change by it. What came of it is told "
        "by its `deliveries` within seconds. While a test waits, that one is answered again."
    ),
    tag=TAG,
    body=EmptyBody,
    headers={"Location": "where to see what came of it"},
    returns={202: schemas.DeliveryAnswer},
    errors=ERRORS,
)
def test_endpoint(endpoint_id: int, body: EmptyBody) -> Answer:
    """The test, which waits."""
    with changing(get_current().author) as change:
        test, is_new = log.ask_for_test(change.connection, endpoint_id)
        if is_new:
            change.tell(
                "webhook_endpoint.test", f"webhook_endpoint:{endpoint_id}", after={"event_id": test.event_id}
            )
        else:
            change.tell_nothing()
    send_later(DELIVER_WEBHOOKS, endpoint_id)
    return respond(test, status=202, Location=f"{PATH}/{endpoint_id}/deliveries")


@blueprint.get(f"{PATH}/<endpoint_id>/deliveries")
@operation(
    role=Role.OPERATOR,
    summary="List what a webhook endpoint was sent last, and what came of it",
    description=(
        f"Each attempt, the last first: the last {log.KEPT:,} that were taken, as many that were not, and as "
        "many tests."
    ),
    tag=TAG,
    query=schemas.DeliveriesQuery,
    returns={200: schemas.DeliveryPage},
    errors=[*ERRORS, InvalidRequestError],
)
def list_deliveries(endpoint_id: int, query: schemas.DeliveriesQuery) -> Answer:
    """A page of the log."""
    before = MAX_ID if query.cursor is None else decode_cursor(query.cursor, int)[0]
    with primary() as connection:
        found = log.list_deliveries(
            connection, endpoint_id, status=query.status, before=before, limit=query.limit + 1
        )
    page = found[: query.limit]
    following = encode_cursor(page[-1].id) if len(found) > query.limit else None
    return respond({"items": page, "next": following})


def _name(endpoint: service.Endpoint) -> str:
    return f"webhook_endpoint:{endpoint.id}"


def _respond_secret(made: service.NewSecret, *, status: int, **headers: str) -> Answer:
    return respond({**asdict(made.endpoint), "secret": made.secret}, status=status, **headers)
