"""Answers about the service itself: whether it lives, is ready, and how it does."""

from typing import Literal

from pydantic import Field

from api.schemas.fields import Count, CurrencyCode, ShowId
from api.schemas.shows import SeatCountsAnswer
from api.schemas.types import AnswerModel


class Alive(AnswerModel):
    """The process lives."""

    status: Literal["ok"] = Field(description="always `ok`")


class Ready(AnswerModel):
    """What the service stands on; without Redis it goes on, a little slower."""

    status: Literal["ok", "degraded"] = Field(description="`degraded`: bookings are taken, without Redis")
    database: Literal["up"] = Field(description="always `up`, else the answer is 503")
    redis: Literal["up", "down"] = Field(description="whether Redis answers")


class ShowStats(AnswerModel):
    """Shows, counted."""

    total: Count = Field(description="all shows")
    on_sale: Count = Field(description="shows that sell now")


class WaitingStats(AnswerModel):
    """Bookings that wait for a worker, by what they want, and the oldest's wait."""

    acquire: Count = Field(description="bookings that wait for their seats")
    confirm: Count = Field(description="holds that wait to become sales")
    cancel: Count = Field(description="bookings that wait to be cancelled")
    oldest_seconds: float = Field(ge=0, description="for how long the oldest of them has waited")


class PaidStats(AnswerModel):
    """What was paid and given back for a show, in one currency."""

    show_id: ShowId
    currency: CurrencyCode
    revenue: Count = Field(description="what came in, in minor units of the currency")
    refunds: Count = Field(description="what went back of it")


class Stats(AnswerModel):
    """The service in figures."""

    shows: ShowStats = Field(description="shows")
    seats: SeatCountsAnswer = Field(description="seats of all shows")
    waiting: WaitingStats = Field(description="what waits for a worker")
    payments: list[PaidStats] = Field(
        description="what was paid and given back, by show and currency; of the newest shows"
    )
    last_minute: dict[str, Count] = Field(description="events of the last minute, by type")
