"""Which version of a map is current, asked of Redis from the event loop for all who ask meanwhile."""

from collections.abc import Sequence

from redis.exceptions import RedisError

from core.infra.async_redis import LoopRedis
from core.infra.gather import Gather
from core.maps.cache import name_version_keys, read_version

# A read of so many keys keeps Redis from nobody.
ASKED_TOGETHER = 200


class VersionReader:
    """The versions that Redis knows to be current, over one connection of one event loop."""

    def __init__(self) -> None:
        self._redis = LoopRedis()
        self._gather = Gather("ask versions", self._ask, at_most=ASKED_TOGETHER)

    async def find(self, show_id: int) -> int | None:
        """The show's version; None where the database has to be asked, or Redis does not answer."""
        return await self._gather.ask(show_id)

    async def _ask(self, show_ids: Sequence[int]) -> list[int | None]:
        asked = list(dict.fromkeys(show_ids))
        keys = [key for show_id in asked for key in name_version_keys(show_id)]
        try:
            found = await self._redis.call("MGET", *keys)
        except (RedisError, OSError):
            return [None] * len(show_ids)
        versions = dict(zip(asked, map(read_version, found[0::2], found[1::2]), strict=True))
        return [versions[show_id] for show_id in show_ids]
