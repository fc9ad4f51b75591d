"""Pages of seats as gzipped JSON, which follow their show: what stays is neither read nor packed again."""

import threading
import time
import zlib
from array import array
from bisect import bisect_left
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from core.infra.json import from_json, to_json
from core.maps.reading import read_version
from core.seats import queries

# Above 5 a map of 5,000 seats takes twice the time for a twentieth fewer bytes.
GZIP_LEVEL = 5
# So many seats are packed by themselves: a seat that changes costs the work for these, and the whole page has
# a quarter more bytes than in one piece.
PACKED_TOGETHER = 100
# A page is read anew after so long, whatever it was patched with: nothing that went wrong lasts.
PAGE_TTL_SECONDS = 10
# Of all pages of a process, some 100 bytes a seat: twice the largest hall.
SEATS_KEPT = 200_000

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Packed(NamedTuple):
    """A document of a version of the map, as gzipped JSON."""

    version: int
    body: bytes


class Reading(NamedTuple):
    """Seats as the database has them, of one snapshot, and the cursor of the page after them."""

    version: int
    rows: Sequence[Any]
    more: str | None


class Page:
    """Some seats of a show in seat order, at least one; `packed` is how they were when last looked at."""

    packed: Packed

    def __init__(
        self,
        show_id: int,
        read: Callable[[int | None], Reading],
        first: Reading,
        *,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._show_id, self._read = show_id, read
        self._lock = lock or threading.Lock()
        self._looked_at = time.monotonic()
        self._take(first)

    def __len__(self) -> int:
        return len(self._ids)

    def follow(self, at_least: int | None = None) -> int:
        """Bring it up to date from the database; returns the version that it is at now.

        To this version at least; where None is known, to what the primary has.
        """
        asked_at = time.monotonic()
        with self._lock:
            if at_least is not None and self.packed.version >= at_least:
                return self.packed.version
            looking_at = time.monotonic()
            # A look at the primary that began after this call, while it waited for the lock, serves it too.
            if at_least is not None or self._looked_at < asked_at:
                if looking_at > self._read_at + PAGE_TTL_SECONDS or not self._catch_up(at_least):
                    self._take(self._read(at_least))
                if at_least is None:
                    self._looked_at = looking_at
            return self.packed.version

    def _take(self, reading: Reading) -> None:
        self._read_at = time.monotonic()
        self._ids = array("q", (row.id for row in reading.rows))
        seats = [_describe(row) for row in reading.rows]
        starts = range(0, len(seats), PACKED_TOGETHER)
        self._texts = [_write(seats[start : start + PACKED_TOGETHER]) for start in starts]
        self._parts = [self._pack_part(index) for index in range(len(self._texts))]
        self._tail = b'],"next":%s}' % to_json(reading.more)
        self.packed = self._pack(reading.version)

    def _catch_up(self, at_least: int | None) -> bool:
        version = self.packed.version
        first, last = self._ids[0], self._ids[-1]
        rows = read_version(
            at_least,
            lambda connection: queries.select_page_changes(
                connection, self._show_id, first=first, last=last, since=version
            ),
        )
        if rows[0].version < version:
            # A database that was put back to an earlier state knows nothing of what came after it.
            return False
        if rows[0].version > version:
            self._patch({row.id: row.status for row in rows if row.id is not None})
            self.packed = self._pack(rows[0].version)
        return True

    def _patch(self, statuses: Mapping[int, str]) -> None:
        changed: dict[int, dict[int, str]] = defaultdict(dict)
        for seat_id, status in statuses.items():
            index = bisect_left(self._ids, seat_id)
            # Among its ids there may be some of another section.
            if self._ids[index] == seat_id:
                changed[index // PACKED_TOGETHER][index % PACKED_TOGETHER] = status
        for part, places in changed.items():
            seats = from_json(b"[%s]" % self._texts[part])
            for place, status in places.items():
                seats[place]["status"] = status
            self._texts[part] = _write(seats)
            self._parts[part] = self._pack_part(part)

    def _pack_part(self, index: int) -> bytes:
        return _deflate(self._join(index), zlib.Z_FULL_FLUSH)

    def _join(self, index: int) -> bytes:
        return (b"," if index else b"") + self._texts[index]

    def _pack(self, version: int) -> Packed:
        """All of it: one gzip member (RFC 1952) of parts that do not refer to each other (RFC 1951)."""
        head = b'{"show_id":%d,"version":%d,"seats":[' % (self._show_id, version)
        texts = [head, *map(self._join, range(len(self._texts))), self._tail]
        checksum = size = 0
        for text in texts:
            checksum, size = zlib.crc32(text, checksum), size + len(text)
        parts = [_deflate(head, zlib.Z_FULL_FLUSH), *self._parts, _deflate(self._tail, zlib.Z_FINISH)]
        trailer = checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
        return Packed(version, b"".join([_GZIP_HEADER, *parts, trailer]))


def _describe(row: Any) -> dict[str, Any]:
    return {
        "seat_number": row.seat_number,
        "status": row.status,
        "section": row.section,
        "row": row.row,
        "price": row.price,
    }


def _write(seats: Sequence[dict[str, Any]]) -> bytes:
    return to_json(seats)[1:-1]


def _deflate(text: bytes, flush: int) -> bytes:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(flush)


class KeptPages:
    """The pages that were asked for last."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Page | None:
        """The page under this key, where there is one."""
        with self._lock:
            if page := self._pages.get(key):
                self._pages.move_to_end(key)
            return page

    def keep(self, key: Hashable, page: Page) -> None:
        """Keep a page, in place of those that were not asked for longest where there is no room."""
        with self._lock:
            self._pages[key] = page
            while sum(map(len, self._pages.values())) > SEATS_KEPT:
                self._pages.popitem(last=False)

    def forget(self) -> None:
        """Let go of all: the database is another one."""
        with self._lock:
            self._pages.clear()
