"""What it costs web to know who asks: a partner with a key, beside one without whom nobody counts."""

from functools import partial
from statistics import median

from bench.cpu import measure_cpu
from bench.figures import Figure, Outcome, find_ratio, show_number, take_turns
from bench.scenarios.selling import SEATS
from bench.selling import Sale, send, warm
from bench.service import NO_LIMIT, OTHER_WEB
from bench.side import Side
from bench.stage import Stage
from core.keys.rules import make_secret

SWITCH, OFF = "RATE_LIMIT_ENABLED", "false"
WITH_KEY = 1.1

_INSERT_KEY = """
    WITH key AS (
        INSERT INTO api_keys (name, role, rate_limit) VALUES ('the bench', 'partner', %s) RETURNING id
    )
    INSERT INTO api_key_secrets (digest, key_id, prefix) SELECT %s, id, %s FROM key
"""


def post_with_key(stage: Stage) -> Outcome:
    """The CPU time of web a POST: with a partner's key and limits, and with neither.

    Both webs stand side by side, and take turns: a process that was just started costs more for a while.
    """
    stage.reset()
    headers = {"Authorization": f"Bearer {_make_key(stage)}"}
    with stage.service.run_other_web(**{SWITCH: OFF}) as url:
        other = Side(url, stage.seatline.database_url)
        warm(other)
        stage.await_quiet()
        turns = {
            "µs of web a POST with a key": partial(_measure, stage, stage.seatline, "web", headers),
            "without, nor limits": partial(_measure, stage, other, OTHER_WEB, {}),
        }
        keyed, plain = take_turns(stage.plan.rounds, turns, say=stage.say).values()
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


def _measure(stage: Stage, side: Side, process: str, headers: dict[str, str]) -> float:
    seats = stage.plan.size(SEATS)
    show_id, _ = stage.seatline.make_shows(seats=seats)
    pid = stage.service.find_pids(process)[0]
    before = measure_cpu(pid)
    load = send(
        side, Sale(show_id, show_id, seats, is_distinct=True), seconds=stage.plan.seconds, headers=headers
    )
    spent = measure_cpu(pid) - before
    stage.await_quiet()
    return spent / load.requests * 1e6
