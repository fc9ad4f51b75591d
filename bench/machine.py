"""The machine that was measured, in one line."""

import os
import platform
import re
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from bench.side import Side

GIGABYTE = 1024**3


def describe_machine(side: Side, *, redis_url: str) -> str:
    """Processor, cores, memory, system, and the versions of everything underneath."""
    with side.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0].split()[0]
    with Redis.from_url(redis_url) as redis:
        info: Any = redis.info("server")
    valkey = info.get("valkey_version")
    return (
        f"{_find_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / GIGABYTE:.0f} GB; "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"PostgreSQL {postgres}, {'Valkey' if valkey else 'Redis'} {valkey or info['redis_version']}"
    )


def _find_processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()
