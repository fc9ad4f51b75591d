"""Shared reads: what many ask for at once is read once; nobody gets what was read before it asked."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence

from cachetools import LRUCache

from api.contract import ANSWER_SECONDS
from api.metrics import SHARED_READS
from api.responses import Representation
from core.infra.gather import Gather
from core.maps.versions import VersionReader

Read = Callable[[], Awaitable[Representation]]

# What is kept for as long as its map's version is current, in bytes. The larger part of it are bodies of
# large halls that some clients want unpacked.
KEPT_BYTES = 32 * 1024 * 1024
# What an entry costs beside its body.
ENTRY_BYTES = 1024
# Different things that are being read at the same moment, or were a moment ago.
READS = 1024
# All who came while the last read was under way: a read costs the same for however many.
SHARED_BY = 100_000
_KEPT, _READ, _SHARED = (SHARED_READS.labels(found) for found in ("kept", "read", "shared"))


class SharedReads:
    """The reads of one process."""

    def __init__(self) -> None:
        self._reads: LRUCache[Hashable, Gather[Read, Representation]] = LRUCache(READS)
        self._kept: LRUCache[Hashable, Representation] = LRUCache(
            KEPT_BYTES, getsizeof=lambda found: len(found.body) + ENTRY_BYTES
        )
        self._versions = VersionReader()

    async def read(self, what: Hashable, read: Read) -> Representation:
        """What `what` names: as kept, where its version is current, else as `read` finds it, now or next.

        Raises what `read` raises, or TimeoutError.
        """
        kept = self._kept.get(what)
        if kept is not None and await self._is_current(kept):
            _KEPT.inc()
            return kept
        gather = self._reads.get(what)
        if gather is None:
            gather = self._reads[what] = Gather("read for all", self._run, at_most=SHARED_BY)
        found = await gather.ask(read)
        self._keep(what, found)
        return found

    async def _run(self, reads: Sequence[Read]) -> Sequence[Representation | Exception]:
        _READ.inc()
        _SHARED.inc(len(reads) - 1)
        # It ends in time, though its thread may not: the next read begins all the same.
        async with asyncio.timeout(ANSWER_SECONDS):
            return [await reads[0]()] * len(reads)

    async def _is_current(self, kept: Representation) -> bool:
        if kept.map_version is None:
            # Immutable.
            return True
        show_id, version = kept.map_version
        return await self._versions.find(show_id) == version

    def _keep(self, what: Hashable, found: Representation) -> None:
        if (found.map_version or found.is_immutable) and len(found.body) + ENTRY_BYTES < self._kept.maxsize:
            self._kept[what] = found
