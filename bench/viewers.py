"""Viewers of a show, in a process of their own: each follows its stream, and what it was told is printed."""

import asyncio
import json
import sys
import time

# Long enough that the queue of new connections is never full.
APART_SECONDS = 0.002


async def follow(port: int, path: str, until: float) -> list[tuple[int, float]]:
    """The versions that one viewer was told of, each with the time, as the clock of the day has it."""
    told: list[tuple[int, float]] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    try:
        async with asyncio.timeout(max(0.0, until - time.time())):
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    told.append((int(line[4:]), time.time()))
    except TimeoutError:
        pass
    finally:
        writer.close()
    return told


async def follow_all(port: int, path: str, count: int, until: float) -> list[list[tuple[int, float]]]:
    """What each of so many viewers was told."""
    viewers = []
    for _ in range(count):
        viewers.append(asyncio.create_task(follow(port, path, until)))
        await asyncio.sleep(APART_SECONDS)
    return await asyncio.gather(*viewers)


if __name__ == "__main__":
    asked_port, asked_path, asked_count, asked_until = sys.argv[1:]
    json.dump(
        asyncio.run(follow_all(int(asked_port), asked_path, int(asked_count), float(asked_until))), sys.stdout
    )
