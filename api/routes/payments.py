"""Payments: offered to buyers, told of by providers, given back by operators."""

import re
from functools import partial
from uuid import UUID

from flask import Blueprint

from api.contract import Served, operation
from api.errors import BODY_ERRORS, MalformedJsonError, NotFoundError
from api.paging import encode_cursor
from api.parsing import KIB
from api.request import Request, get_current
from api.responses import Answer, respond
from api.routes.admin_bookings import parse_cursor_id
from api.schemas import payments as schemas
from api.schemas.bookings import BookingAnswer
from api.server.groups import Groups
from core.access.principals import Role
from core.audit.service import changing
from core.bookings.errors import BookingNotFoundError
from core.bookings.idempotency import Key
from core.bookings.service import get_booking
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import primary
from core.infra.settings import get_settings
from core.payments import listing, service
from core.payments.confirming import find_success
from core.payments.errors import InvalidSignatureError, NotPayableError
from core.payments.providers import IN_REQUEST, find_provider
from core.payments.reporting import take_notice
from core.payments.telling import announce, have_payments_settled

blueprint = Blueprint("payments", __name__)
TAG = "Payments"
NOTICE_LIMIT = 256 * KIB
HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}", re.ASCII)


@blueprint.post("/bookings/<booking_id>/payments")
@operation(
    served=Served.LOOP,
    summary="Pay for a booking",
    description="Offers the buyer a payment, and extends the hold. The same one as long as it is pending or"
    " succeeded, a new one after it failed. A success confirms the booking.",
    tag=TAG,
    body=schemas.PaymentRequest,
    takes_key=True,
    returns={201: schemas.PaymentOffer, 200: schemas.PaymentOffer},
    errors=[*BODY_ERRORS, BookingNotFoundError, NotPayableError],
)
async def start_payment(
    request: Request, groups: Groups, booking_id: UUID, body: schemas.PaymentRequest, key: Key | None
) -> Answer:
    """The payment, and how to get there."""
    provider = get_settings().payment_provider
    if provider is None:
        raise NotPayableError("No payment provider is set, so nothing can be paid here.")
    wish = service.Wish(
        booking_id=booking_id,
        method=body.method,
        return_url=body.return_url or _find_booking_page(request, booking_id),
        provider=provider,
        key=key,
        origin=request.origin,
    )
    begun = await groups.run_beside_others(partial(service.start_payment, wish))
    answer = respond(begun.payment.to_offer(), status=201 if begun.is_new else 200)
    answer.is_replay = begun.is_replay
    return answer


def _find_booking_page(request: Request, booking_id: UUID) -> str:
    host = request.headers.get("host", "localhost")
    if not HOST.fullmatch(host):
        raise InvalidRequestError("The request's Host is none to lead back to.", pointer="/return_url")
    return f"{request.scheme}://{host}/b/{booking_id}"


@blueprint.get("/bookings/<booking_id>/payments")
@operation(
    served=Served.LOOP,
    summary="List a booking's payments",
    tag=TAG,
    returns={200: schemas.PaymentList},
    errors=[BookingNotFoundError, UnavailableError],
)
async def list_payments(request: Request, groups: Groups, booking_id: UUID) -> Answer:
    """All tries to pay it."""
    return await groups.run_in_thread(partial(_list_payments, booking_id))


def _list_payments(booking_id: UUID) -> Answer:
    with primary() as connection:
        found = service.list_payments(connection, booking_id)
    return respond({"items": [payment.to_document() for payment in found]})


@blueprint.post("/payments/webhooks/<provider>")
@operation(
    served=Served.LOOP,
    summary="Tell of a payment",
    description="For the payment provider alone, which signs the body as it sends it. The same event may come"
    " again, late and out of order. Once verified it counts against no allowance.",
    tag=TAG,
    takes_raw=True,
    body_limit=NOTICE_LIMIT,
    returns={200: schemas.NoticeAnswer},
    errors=[InvalidSignatureError, MalformedJsonError, NotFoundError, UnavailableError],
)
async def take_webhook(request: Request, groups: Groups, provider: str, raw: bytes) -> Answer:
    """That it is recorded."""
    try:
        notice = find_provider(provider, IN_REQUEST).parse_webhook(request.headers, raw)
    except ValueError as error:
        raise MalformedJsonError("The event is not one of this provider's.") from error
    request.is_free = True
    success = find_success(provider, notice)
    booking_id = await groups.successes.ask(success) if success else None
    if booking_id is not None:
        groups.announce(booking_id)
    else:
        await groups.run_in_thread(partial(take_notice, provider, notice))
    return respond({"received": True})


@blueprint.get("/admin/payments")
@operation(
    role=Role.BOX_OFFICE,
    summary="List payments, newest first",
    tag="Admin: payments",
    query=schemas.PaymentsQuery,
    returns={200: schemas.AdminPaymentPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_all_payments(query: schemas.PaymentsQuery) -> Answer:
    """A page of payments."""
    after = parse_cursor_id(query.cursor) if query.cursor is not None else None
    with primary() as connection:
        found = listing.list_payments(connection, status=query.status, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    following = encode_cursor(page[-1]["id"]) if len(found) > query.limit else None
    return respond({"items": page, "next": following})


@blueprint.post("/admin/bookings/<booking_id>/refund")
@operation(
    role=Role.OPERATOR,
    summary="Give back what was paid for a booking",
    description="All that is left, or some of it; the booking stays as it is. The provider is asked until it"
    " has taken the refund.",
    tag="Admin: payments",
    body=schemas.RefundRequest,
    returns={202: BookingAnswer},
    errors=[InvalidRequestError, BookingNotFoundError, NotPayableError, UnavailableError],
)
def refund_booking(booking_id: UUID, body: schemas.RefundRequest) -> Answer:
    """The booking, with its payment as it is now."""
    with changing(get_current().author) as change:
        service.refund_booking(change, booking_id, amount=body.amount)
        booking = get_booking(change.connection, booking_id)
    announce(booking_id)
    have_payments_settled()
    return respond(booking.to_document(), status=202)
