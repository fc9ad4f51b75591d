"""What it costs web to know who asks: a partner with a key, beside one without whom nobody counts."""

import os
from functools import partial
from statistics import median

from bench.cpu import measure_cpu
from bench.figures import Figure, Outcome, find_ratio, show_number, take_turns
from bench.scenarios.selling import SEATS
from bench.selling import Sale, send
from bench.service import NO_LIMIT
from bench.stage import Stage
from core.keys.rules import make_secret

SWITCH, ON, OFF = "RATE_LIMIT_ENABLED", "true", "false"
WITH_KEY = 1.1

_INSERT_KEY = """
    WITH key AS (
        INSERT INTO api_keys (name, role, rate_limit) VALUES ('the bench', 'partner', %s) RETURNING id
    )
    INSERT INTO api_key_secrets (digest, key_id, prefix) SELECT %s, id, %s FROM key
"""


def post_with_key(stage: Stage) -> Outcome:
    """The CPU time of web a POST: with a partner's key and limits, and with neither."""
    stage.reset()
    headers = {"Authorization": f"Bearer {_make_key(stage)}"}
    turns = {
        "µs of web a POST with a key": partial(_measure, stage, ON, headers),
        "without, nor limits": partial(_measure, stage, OFF, {}),
    }
    try:
        found = take_turns(stage.plan.rounds, turns, say=stage.say)
    finally:
        if os.environ.get(SWITCH) == OFF:
            stage.move(**{SWITCH: ON})
    keyed, plain = found.values()
    return Outcome(
        [
            Figure(
                what="CPU time of web a POST, with a partner's key and limits on against neither",
                value=find_ratio(keyed, plain),
                bar=WITH_KEY,
                unit="× the time",
                ceiling=True,
                beside=f"{show_number(median(keyed))} µs beside {show_number(median(plain))} µs",
            )
        ]
    )


def _make_key(stage: Stage) -> str:
    """A partner's key, with an allowance of its own that is never reached."""
    secret = make_secret()
    with stage.seatline.cursor() as cursor:
        cursor.execute(_INSERT_KEY, (NO_LIMIT, secret.digest, secret.prefix))
    return secret.text


def _measure(stage: Stage, switch: str, headers: dict[str, str]) -> float:
    stage.move(**{SWITCH: switch})
    seats = stage.plan.size(SEATS)
    show_id, _ = stage.seatline.make_shows(seats=seats)
    pid = stage.service.find_pids("web")[0]
    before = measure_cpu(pid)
    load = send(
        stage.seatline,
        Sale(show_id, show_id, seats, is_distinct=True),
        seconds=stage.plan.seconds,
        headers=headers,
    )
    spent = measure_cpu(pid) - before
    stage.await_quiet()
    return spent / load.requests * 1e6
