"""What Redis tells of bookings that changed: which, as of when, and, where that is short, how they are now.

A message is a header, an entry for each booking, and their documents, one after the other: whoever waits for
none of them reads the entries alone. Nothing is promised: a message may be lost, or come late.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from core.bookings.views import Booking
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import try_redis

# More are a backlog's: few of their clients still wait, and those are better read together.
DOCUMENTS_AT_MOST = 128
# A booking of hundreds of seats is read by whoever waits for it, and not sent to every process.
DOCUMENT_BYTES = 4_096

# The version of this format, which is the channel's as well.
_FORMAT = b"a1"
_COUNT = struct.Struct("!I")
# Id, `updated_at` in microseconds, bytes of the document.
_ENTRY = struct.Struct("!16sqI")
_EPOCH, _MICROSECOND = datetime.fromtimestamp(0, UTC), timedelta(microseconds=1)


class Announced(NamedTuple):
    """A booking that changed: its id's bytes, its `updated_at` in microseconds, its document as in answers.

    Whoever has read the booking with a later `updated_at` has the newer one. Without a document (None) it
    is to be read; `updated_at` is 0 where it is not known.
    """

    id: bytes
    updated_at: int
    document: bytes | None


# A batch's bookings all have one time.
@lru_cache(maxsize=1)
def to_microseconds(at: datetime) -> int:
    """A time as announcements have it: microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def encode(changed: Sequence[tuple[Booking, bytes]]) -> bytes:
    """A message of bookings and their documents, which it carries where they are few, and short."""
    limit = DOCUMENT_BYTES if len(changed) <= DOCUMENTS_AT_MOST else 0
    return _encode(
        (booking.id, to_microseconds(booking.updated_at), document if len(document) <= limit else b"")
        for booking, document in changed
    )


def encode_ids(booking_ids: Iterable[UUID]) -> bytes:
    """A message that these bookings have changed, and no more."""
    return _encode((id_, 0, b"") for id_ in booking_ids)


def announce_changes(booking_ids: Iterable[UUID]) -> None:
    """After the commit: wake whoever waits for these bookings, to read them."""
    message = encode_ids(booking_ids)
    try_redis(lambda redis: redis.publish(BOOKINGS_CHANNEL, message), default=None)


def _encode(changed: Iterable[tuple[UUID, int, bytes]]) -> bytes:
    entries, documents = [], []
    for id_, updated_at, document in changed:
        entries.append(_ENTRY.pack(id_.bytes, updated_at, len(document)))
        documents.append(document)
    return b"".join([_FORMAT, _COUNT.pack(len(entries)), *entries, *documents])


def decode(message: bytes) -> Iterator[Announced]:
    """The bookings that a message tells of; none where it is no message of ours."""
    start = len(_FORMAT) + _COUNT.size
    if not message.startswith(_FORMAT) or len(message) < start:
        return
    (count,) = _COUNT.unpack_from(message, len(_FORMAT))
    end = start + count * _ENTRY.size
    if end > len(message):
        return
    entries = list(_ENTRY.iter_unpack(memoryview(message)[start:end]))
    if end + sum(size for _, _, size in entries) != len(message):
        return
    for id_, updated_at, size in entries:
        yield Announced(id_, updated_at, message[end : end + size] or None)
        end += size
