"""Garbage for queues: a message of ours, spoilt in each of its parts, and what never was one."""

import base64
import copy
import gzip
import json
import random
from collections.abc import Iterator
from typing import Any

from core.infra.jobs import DELIVER_WEBHOOKS, RELAY_EVENTS, SETTLE_SHOW, SWEEP
from core.infra.redis import get_redis

ID = "68bd630f-3db8-4854-9340-c181eaf4972a"
EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
LINK = {"task": SETTLE_SHOW, "args": [1], "kwargs": {}, "options": {"queue": "bookings"}}
# Put in the place of each part in turn.
VALUES: list[Any] = [
    None,
    True,
    -1,
    1.5,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\x00",
    "\ud800",
    "x" * 5000,
    [],
    [1, 2, 3],
    {},
    {"a": {"b": {"c": {}}}},
    {"__type__": "datetime", "__value__": "never"},
    {"__type__": "bytes", "__value__": 5},
]
RAW: list[bytes] = [
    b"{}",
    b"[5]",
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"not json",
    b"",
    b"\x00",
    b"\xff\xfe\x80",
    b"[" * 100_000,
    b"[" * 900 + b"]" * 900,
    b'{"properties": ' * 500 + b"1" + b"}" * 500,
    b"1" * 10_000,
    b"NaN",
    b'{"properties": {}}',
    b'{"properties": null, "headers": null, "body": null}',
    b'{"body": "' + b"QUFB" * 1_000_000 + b'"}',
]
ARGUMENTS: list[list[Any]] = [
    [],
    ["x"],
    [10**30],
    [-1],
    [0],
    [None],
    [1.5],
    [True],
    [[1]],
    [{}],
    [1, 2],
    ["1"],
    ["\x00"],
    [2**63],
]
ROUTES: list[tuple[Any, Any]] = [("", "elsewhere"), ("x", "y"), (None, None), ([], {}), (5, "bookings")]
TASKS = [
    "no.such.task",
    "celery.map",
    "celery.chunks",
    "celery.chord_unlock",
    "celery.backend_cleanup",
    "",
    "\x00",
]


def encode(body: Any) -> str:
    """A body as it stands in a message."""
    return base64.b64encode(json.dumps(body).encode()).decode()


def decode(body: str) -> bytes | str:
    """A body as it was before it stood in a message; as it is where it never was one."""
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        return body


def make(
    task: str = SETTLE_SHOW, args: Any = (1,), kwargs: Any = None, embedded: Any = None
) -> dict[str, Any]:
    """A message as Celery sends it, but that its queue is not told of it."""
    body = [list(args) if isinstance(args, tuple) else args, kwargs or {}, embedded or EMBEDDED]
    headers = {
        "lang": "py",
        "task": task,
        "id": ID,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": ID,
        "parent_id": None,
        "argsrepr": "(1,)",
        "kwargsrepr": "{}",
        "origin": "gen1@host",
        "ignore_result": None,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    properties = {
        "correlation_id": ID,
        "reply_to": ID,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "bookings"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": ID,
    }
    return {
        "body": encode(body),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }


def forge() -> Iterator[dict[str, Any]]:
    """Messages that are well made, and ask for what none of ours asks for."""
    for name in EMBEDDED:
        yield make(embedded={**EMBEDDED, name: [LINK]})
    yield make(embedded={**EMBEDDED, "update": 1})
    for name, value in {
        "eta": "2999-01-01T00:00:00+00:00",
        "expires": "2999-01-01T00:00:00+00:00",
        "group": ID,
        "retries": 7,
        "shadow": "x",
        "stamped_headers": ["a"],
        "update": "a method's name",
        "compression": "zlib",
        "timelimit": [0.001, -1],
    }.items():
        message = make()
        message["headers"][name] = value
        yield message
    bomb = make()
    bomb["headers"]["compression"] = "application/x-gzip"
    bomb["body"] = base64.b64encode(gzip.compress(b"0" * 10_000_000)).decode()
    yield bomb
    for arguments in ARGUMENTS:
        yield make(args=arguments)
        yield make(DELIVER_WEBHOOKS, arguments)
    yield make(args=[1], kwargs={"show_id": 1})
    yield make(args=[], kwargs={"show_id": 1})
    for task in (SWEEP, RELAY_EVENTS):
        yield make(task, [1])
    for task in TASKS:
        yield make(task)
    for body in (None, 5, [], {}, [1, 2], "x", {"task": SETTLE_SHOW, "id": ID, "args": [1], "kwargs": {}}):
        yield {**make(), "body": encode(body)}
        yield {**make(), "headers": {}, "body": encode(body)}
    for body in ("not base64", "%%%", "AAA", "\ud800", 5, None, [], "bm90IGpzb24=", "/////w=="):
        yield {**make(), "body": body}


def spoil() -> Iterator[dict[str, Any]]:
    """A message with each of its parts in turn left out, or something else in its place."""
    genuine = make()
    paths = [(name,) for name in genuine]
    for outer in ("headers", "properties"):
        paths += [(outer, name) for name in genuine[outer]]
    paths += [("properties", "delivery_info", name) for name in ("exchange", "routing_key")]
    for path in paths:
        for value in [*VALUES, ...]:
            message = copy.deepcopy(genuine)
            *outer, name = path
            inner = message
            for step in outer:
                inner = inner[step]
            if value is ...:
                del inner[name]
            else:
                inner[name] = value
            yield message


def mutate(seed: int, count: int) -> Iterator[bytes]:
    """A genuine message with bytes changed, left out and doubled at random."""
    chance = random.Random(seed)
    genuine = json.dumps(make()).encode()
    for _ in range(count):
        text = bytearray(genuine)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text))
            match chance.randrange(3):
                case 0:
                    text[at] = chance.randrange(256)
                case 1:
                    del text[at : at + chance.randint(1, 40)]
                case _:
                    text[at:at] = text[at : at + chance.randint(1, 40)]
        yield bytes(text)


def make_all(seed: int) -> list[bytes]:
    """All of it, as it is put into a list of Redis."""
    made = [json.dumps(message).encode() for message in (*forge(), *spoil())]
    return [*RAW, *made, *mutate(seed, 300)]


def flood(queue: str, seed: int) -> int:
    """Put all of it into a queue; how many there are."""
    everything = make_all(seed)
    with get_redis().pipeline(transaction=False) as pipeline:
        for message in everything:
            pipeline.lpush(queue, message)
        pipeline.execute()
    return len(everything)


def command() -> Iterator[dict[str, Any]]:
    """Operators' commands as Celery sends them, each with something wrong."""
    for body in (
        None,
        5,
        [],
        "shutdown",
        {},
        {"method": None},
        {"method": []},
        {"method": "no_such_command"},
        {"method": "ping", "arguments": 5},
        {"method": "ping", "arguments": {"x": 1}},
        {"method": "ping", "destination": 5},
        {"method": "ping", "reply_to": 5},
        {"method": "ping", "reply_to": {}},
        {"method": "ping", "reply_to": {"exchange": None, "routing_key": []}, "ticket": {}},
        {"method": "ping", "pattern": "*", "matcher": "no such"},
        {"method": "rate_limit", "arguments": {"task_name": SETTLE_SHOW, "rate_limit": "x"}},
        {"method": "revoke", "arguments": {"task_id": {}}},
        {"method": "hello", "arguments": {"from_node": 5, "revoked": 5}},
    ):
        message = make()
        message["headers"] = {}
        yield {**message, "body": encode(body)}
    for clock in ("x", [], -1, 10**30):
        yield {**make(), "headers": {"clock": clock}, "body": encode({"method": "ping"})}


def broadcast(seed: int) -> None:
    """Publish all of it where workers hear operators' commands, and where operators hear of workers."""
    redis = get_redis()
    number = redis.connection_pool.connection_kwargs["db"]
    for message in (*make_all(seed), *(json.dumps(each).encode() for each in command())):
        redis.publish(f"/{number}.celery.pidbox", message)
        redis.publish(f"/{number}.celeryev/worker.heartbeat", message)


def note_as_taken() -> None:
    """Note garbage as taken by workers long gone, a genuine message among it."""
    noted = [
        *RAW,
        b'{"a": 1}',
        b"[1, 2]",
        b'[{}, "", "bookings"]',
        b"[{}, {}, []]",
        b"[null, null, null]",
        *(json.dumps([message, "", "bookings"]).encode() for message in spoil()),
        *(json.dumps([make(), exchange, key]).encode() for exchange, key in ROUTES),
        json.dumps([make(), "", "bookings"]).encode(),
    ]
    redis = get_redis()
    for number, text in enumerate(noted):
        redis.hset("unacked", f"tag-{number}", text)
        redis.zadd("unacked_index", {f"tag-{number}": number})
    # Noted without a message.
    redis.zadd("unacked_index", {b"\xff": 1})
