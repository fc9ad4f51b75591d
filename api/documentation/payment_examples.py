"""Examples of requests and answers about payments, by model."""

from pydantic import BaseModel

from api.documentation.request_examples import BOOKING_ID, REQUESTED_AT, SHOW_ID, Examples
from api.schemas import payments

PAYMENT = {
    "id": "019b0c2e-7c01-7c35-8f0e-4d2a91c6b001",
    "provider": "sandbox",
    "status": "pending",
    "amount": 6000,
    "refunded_amount": 0,
    "currency": "EUR",
}
PAID = {**PAYMENT, "status": "succeeded"}
_DECLINED = {**PAYMENT, "id": "019b0c2e-7b52-7c35-8f0e-4d2a91c6b000", "status": "failed"}
_OFFER = {
    **PAYMENT,
    "checkout_url": "http://127.0.0.1:8010/checkout/Zk3v9Qx2",
    "client_secret": None,
}
_REFUND = {
    "amount": 6000,
    "reason": "cancelled",
    "created_at": REQUESTED_AT,
    "taken_at": "2026-06-01T10:00:02Z",
    "tries": 1,
    "error": None,
}
PAYMENT_ANSWERS: dict[type[BaseModel], Examples] = {
    payments.PaymentOffer: {"payment": _OFFER},
    payments.PaymentList: {"payments": {"items": [_DECLINED, PAID]}},
    payments.NoticeAnswer: {"received": {"received": True}},
    payments.AdminPaymentPage: {
        "page": {
            "items": [
                {
                    **PAYMENT,
                    "status": "refunded",
                    "refunded_amount": 6000,
                    "booking_id": BOOKING_ID,
                    "show_id": SHOW_ID,
                    "provider_id": "Zk3v9Qx2",
                    "paid_amount": 6000,
                    "refunds": [_REFUND],
                    "difference": None,
                    "created_at": REQUESTED_AT,
                    "updated_at": "2026-06-01T10:00:02Z",
                }
            ],
            "next": None,
        }
    },
}
# What a provider signs is of its own making: this is the sandbox's.
NOTICE: Examples = {
    "id": "evt_4Jx0",
    "type": "payment.succeeded",
    "payment": {
        "provider_id": "Zk3v9Qx2",
        "payment_id": PAYMENT["id"],
        "booking_id": BOOKING_ID,
        "status": "succeeded",
        "amount": 6000,
        "refunded_amount": 0,
        "currency": "EUR",
    },
}
