"""Mutants: faults put into a copy of the code on purpose, each of which the checker must object to."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local.data_dirs import CHECKOUT
from proof.mutant import Mutant
from proof.payment_mutants import PAYMENT_MUTANTS

# The checker's name for all that the database alone tells.
DATABASE = "I3-5, I11, I12"

# Of the statement that moves seats; and without it for seats that are taken.
GUARD = "s.status = move.source AND s.booking_id IS NOT DISTINCT FROM move.owner"
UNGUARDED = f"(move.source = 'available' OR {GUARD})"


MUTANTS = (
    Mutant(
        "seats are taken whoever has them",
        "two beats",
        DATABASE,
        (
            ("core/seats/queries.py", GUARD, UNGUARDED),
            (
                "core/seats/queries.py",
                "      AND status = 'available' AND seat_number",
                "      AND seat_number",
            ),
        ),
    ),
    Mutant(
        "no lock on the show, no guard on the seats",
        "messages redelivered",
        DATABASE,
        (
            ("core/seats/queries.py", "FOR NO KEY UPDATE SKIP LOCKED", ""),
            ("core/seats/queries.py", GUARD, UNGUARDED),
            ("core/settling/batch_queries.py", "FOR NO KEY UPDATE SKIP LOCKED", ""),
        ),
    ),
    Mutant(
        "events are written apart from their transition",
        "dies after events",
        DATABASE,
        (
            (
                "core/settling/batch_queries.py",
                "    try:\n        if commits:",
                "    with primary() as apart:\n"
                '        written = {name: parameters[name] for name in ("slot", "events", "now")}\n'
                "        apart.execute(text(INSERT_EVENTS), written)\n"
                '    parameters = {**parameters, "events": "[]"}\n'
                "    try:\n        if commits:",
            ),
            (
                "core/settling/batch_queries.py",
                "from core.infra.prepared import Prepared",
                "from core.infra.db import primary\nfrom core.infra.prepared import Prepared",
            ),
        ),
    ),
    Mutant(
        "holds never expire",
        "two beats",
        "I9",
        (
            (
                "core/settling/batch_queries.py",
                "hold_expires_at <= (SELECT now FROM clock) AND wants IS NULL\n",
                "hold_expires_at <= (SELECT now FROM clock) AND wants IS NULL AND false\n",
            ),
        ),
    ),
    Mutant(
        "a confirm is not asked whether it is in time",
        "confirm at expiry",
        "I8",
        (
            (
                "core/bookings/acting_queries.py",
                "WHEN b.hold_expires_at <= b.now THEN",
                "WHEN false THEN",
            ),
        ),
    ),
    Mutant(
        "a key's fingerprint is ignored",
        "two beats",
        "I6",
        (
            (
                "core/bookings/accepting.py",
                "if use.fingerprint != request.key.fingerprint:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "a key is recorded and does not hold a second booking back",
        "connections cut",
        "I6",
        (
            (
                "core/bookings/accepting_queries.py",
                '; {message}"',
                ' ON CONFLICT DO NOTHING; {message}"',
            ),
            ("core/bookings/accepting.py", "if request.key and use:", "if False:"),
        ),
    ),
    Mutant(
        "who is accepted together is told of one another's bookings",
        "rush for a seat",
        "I1",
        (
            (
                "core/bookings/accepting.py",
                "return await _read_replays(connection, outcomes)",
                "return await _read_replays(connection, outcomes[::-1])",
            ),
        ),
    ),
    Mutant(
        "the broker's cursor moves whether or not it has the events",
        "events broker gone",
        "I11",
        (
            (
                "core/events/service.py",
                "        publish([item.envelope for item in page])",
                "        with suppress(UnavailableError):\n"
                "            publish([item.envelope for item in page])",
            ),
            (
                "core/events/service.py",
                "from core.infra.ids import new_id",
                "from contextlib import suppress\nfrom core.errors import UnavailableError\n"
                "from core.infra.ids import new_id",
            ),
        ),
    ),
    Mutant(
        "all nudges are lost, and nobody sweeps",
        "two beats",
        "I2",
        (
            ("core/settling/sweeping.py", "if time.monotonic() >= stop_at:", "if stop_at:"),
            (
                "core/infra/jobs.py",
                "        _send(task, *args)\n",
                "        if task != SETTLE_SHOW:\n            _send(task, *args)\n",
            ),
        ),
    ),
    Mutant(
        "tries are counted before the show is locked",
        "messages redelivered",
        "I2",
        (
            (
                "core/settling/worker.py",
                "        if lock_version(transaction.connection, show_id) is None:\n"
                "            return None\n",
                "",
            ),
            (
                "core/settling/worker.py",
                "    tries = 0\n\n",
                "    tries = _count_try(show_id, booking_id)\n\n",
            ),
        ),
    ),
    Mutant(
        "what a client holds from batches before does not count",
        "one address hoards",
        DATABASE,
        (
            (
                "core/settling/batch.py",
                "held = queries.select_held(transaction, show_id, holders)",
                "held = dict[str, int]()",
            ),
        ),
    ),
    Mutant(
        "what is none of our messages is taken for one",
        "garbage in queues",
        "seen",
        (("celeryconfig.py", '"tasks.consumer:CarefulConsumer"', '"celery.worker.consumer:Consumer"'),),
    ),
    Mutant(
        "a confirm that cannot be settled is given up",
        "deadly confirm",
        "I8",
        (("core/settling/quarantine.py", "if waiting[0].wants == Wants.CONFIRM:", "if False:"),),
    ),
    *PAYMENT_MUTANTS,
)


def count_kills(mutant: Mutant, seeds: Sequence[str]) -> int:
    """With how many of these seeds, a round each, the checker says what a mutant has broken."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-mutant-"))
    folder.chmod(0o755)
    try:
        tree = folder / "tree"
        left_out = shutil.ignore_patterns(".*", "__pycache__")
        shutil.copytree(CHECKOUT, tree, ignore=left_out)
        for path, before, after in mutant.changes:
            source = (tree / path).read_text()
            if before not in source:
                raise AssertionError(f"the mutant «{mutant.name}» has nothing to change in {path}")
            (tree / path).write_text(source.replace(before, after))
        return sum(_is_killed(tree, mutant, seed) for seed in seeds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_killed(tree: Path, mutant: Mutant, seed: str) -> bool:
    run = subprocess.run(
        [sys.executable, "-m", "proof.prove", "--seed", seed, "--fault", mutant.fault],
        cwd=tree,
        check=False,
        capture_output=True,
        text=True,
    )
    if "violations: " not in run.stdout:
        raise AssertionError(f"the mutant «{mutant.name}» could not be run:\n{run.stderr[-2000:]}")
    # Another objection, such as to an answer that was late, would not be to what was changed.
    return f"{mutant.broken!r}: " in run.stdout


def kill_all(seed: str, *, rounds: int, fault: str) -> int:
    """Try every mutant with so many seeds, of a fault those that it shows, and print what became of each.

    1 where one survived any of them.
    """
    tried = [mutant for mutant in MUTANTS if fault in ("", mutant.fault)]
    survivors = 0
    for mutant in tried:
        killed = count_kills(mutant, [f"{seed}-{number}" for number in range(rounds)])
        survivors += killed < rounds
        outcome = "killed" if killed == rounds else "SURVIVED"
        print(f"{outcome:<9} {killed} of {rounds}  {mutant.name} ({mutant.fault})", flush=True)
    print(f"{len(tried)} mutants, {survivors} survived")
    return int(survivors > 0)
