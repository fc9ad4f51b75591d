"""What is told of bookings: documents as in answers, ids alone where they are many; garbage is nothing."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from redis.client import PubSub

from core.bookings.announcements import (
    DOCUMENT_BYTES,
    DOCUMENTS_AT_MOST,
    Announced,
    decode,
    encode,
    encode_ids,
    to_microseconds,
)
from core.bookings.views import Booking
from core.infra.json import to_json
from core.infra.pubsub import BOOKINGS_CHANNEL, MAPS_CHANNEL
from core.infra.redis import get_redis
from core.maps import cache
from core.settling import worker
from core.shows.service import Show
from tests.acting import book, cancel, confirm, end_hold, hold, read
from tests.support import wait_until

MakeShow = Callable[..., Show]

NOW = datetime(2027, 1, 10, 19, 30, 0, 123456, UTC)


def make_bookings(count: int, document: bytes = b"{}") -> list[tuple[Booking, bytes]]:
    booking = Booking._make([None] * len(Booking._fields))._replace(updated_at=NOW)
    return [(booking._replace(id=UUID(int=number)), document) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, DOCUMENTS_AT_MOST])
def test_few_have_their_documents(count: int) -> None:
    at = to_microseconds(NOW)
    assert list(decode(encode(make_bookings(count, b'{"a": 1}')))) == [
        Announced(UUID(int=number).bytes, at, b'{"a": 1}') for number in range(count)
    ]
    assert datetime.fromtimestamp(at / 1e6, UTC) == NOW


def test_many_or_large_ones_have_none() -> None:
    many = make_bookings(DOCUMENTS_AT_MOST + 1)
    assert {announced.document for announced in decode(encode(many))} == {None}
    large = make_bookings(1, b"x" * (DOCUMENT_BYTES + 1)) + make_bookings(1)
    assert [announced.document for announced in decode(encode(large))] == [None, b"{}"]


def test_ids_alone() -> None:
    assert list(decode(encode_ids([UUID(int=7)]))) == [Announced(UUID(int=7).bytes, 0, None)]


def test_garbage_is_nothing() -> None:
    chance, message = random.Random(7), encode(make_bookings(3, b"{}"))
    assert len(list(decode(message))) == 3
    cut = [message[:size] for size in range(len(message))]
    longer = [message + b"x", message * 2, b"", b"rubbish", UUID(int=7).bytes, message[:6] + b"\xff" * 100]
    for garbage in cut + longer + [chance.randbytes(60) for _ in range(100)]:
        assert list(decode(garbage)) == []
    for place in range(len(message)):
        # Whatever else it says, it is read without an error.
        list(decode(message[:place] + chance.randbytes(1) + message[place + 1 :]))


@pytest.fixture
def heard(database: dict[str, str]) -> Iterator[PubSub]:
    """Subscribed to both channels."""
    with get_redis().pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(BOOKINGS_CHANNEL, MAPS_CHANNEL)
        wait_until(lambda: get_redis().pubsub_numsub(MAPS_CHANNEL)[0][1] > 0)
        yield pubsub


def hear(pubsub: PubSub) -> dict[str, Any]:
    while (message := pubsub.get_message(timeout=5)) is None:
        pass
    return message


def test_announced_is_what_a_read_would_have_found(make_show: MakeShow, heard: PubSub) -> None:
    show = make_show()

    def settle_and_compare(*booking_ids: UUID) -> None:
        worker.settle_show(show.id)
        while (message := hear(heard))["channel"] != BOOKINGS_CHANNEL.encode():
            pass
        found = [read(id_) for id_ in booking_ids]
        assert list(decode(message["data"])) == [
            Announced(b.id.bytes, to_microseconds(b.updated_at), to_json(b.to_document())) for b in found
        ]

    booked, held = book(show.id, "1"), book(show.id, "2", hold=True)
    settle_and_compare(booked, held, book(show.id, "1"), book(show.id, quantity=2))
    confirm(held)
    settle_and_compare(held)
    cancel(booked)
    settle_and_compare(booked)
    expired = hold(show.id, "1")
    end_hold(expired)
    settle_and_compare(expired)


def test_version_is_published_before_anything_is_announced(make_show: MakeShow, heard: PubSub) -> None:
    """Who hears that a booking is CONFIRMED must not read a map from before it."""
    show = make_show()
    for version in range(2, 12):
        book(show.id, str(version - 1))
        worker.settle_show(show.id)
        assert [hear(heard)["channel"] for _ in range(2)] == [
            MAPS_CHANNEL.encode(),
            BOOKINGS_CHANNEL.encode(),
        ]
        assert cache.find_version(show.id, lambda: 0) == version


def test_what_a_request_changed_is_announced_by_its_id(heard: PubSub) -> None:
    get_redis().publish(BOOKINGS_CHANNEL, encode_ids([UUID(int=7)]))
    assert list(decode(hear(heard)["data"])) == [Announced(UUID(int=7).bytes, 0, None)]
