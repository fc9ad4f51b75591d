"""Mutants: faults put into a copy of the code on purpose, each of which the checker must object to."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.places import CHECKOUT

# Chance decides which half of the rounds goes on after its fault.
SEEDS = 4


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is changed where, and the fault under which that must show."""

    name: str
    fault: str
    changes: tuple[tuple[str, str, str], ...]


MUTANTS = (
    Mutant(
        "seats are taken whoever has them",
        "two beats",
        (
            ("core/seats/queries.py", "WHERE {_PAIRED} AND s.status = 'available'", "WHERE {_PAIRED}"),
            (
                "core/seats/queries.py",
                "WHERE show_id = :show_id AND status = 'available' AND seat_number",
                "WHERE show_id = :show_id AND seat_number",
            ),
        ),
    ),
    Mutant(
        "no lock on the show, no guard on the seats",
        "two beats",
        (
            ("core/seats/queries.py", "FOR NO KEY UPDATE SKIP LOCKED", ""),
            ("core/seats/queries.py", "WHERE {_PAIRED} AND s.status = 'available'", "WHERE {_PAIRED}"),
            ("core/bookings/settling_queries.py", "FOR NO KEY UPDATE SKIP LOCKED", ""),
        ),
    ),
    Mutant(
        "events are written apart from their transition",
        "connections cut",
        (
            (
                "core/events/service.py",
                "        queries.insert_events(connection, events, now=now)",
                "        with autocommit() as apart:\n"
                "            queries.insert_events(apart, events, now=now)",
            ),
            (
                "core/events/service.py",
                "from core.ids import new_id",
                "from core.db import autocommit\nfrom core.ids import new_id",
            ),
        ),
    ),
    Mutant(
        "holds never run out",
        "two beats",
        (
            (
                "core/bookings/settling_queries.py",
                "WHERE show_id = :show_id AND hold_expires_at <= :now AND wants IS NULL",
                "WHERE show_id = :show_id AND hold_expires_at <= :now AND wants IS NULL AND false",
            ),
        ),
    ),
    Mutant(
        "a confirm is not asked whether it is in time",
        "confirm at expiry",
        (
            (
                "core/bookings/rules.py",
                "Stage.HELD if now < hold_expires_at else Stage.RUN_OUT",
                "Stage.HELD",
            ),
        ),
    ),
    Mutant(
        "a key's fingerprint is ignored",
        "two beats",
        (("core/bookings/idempotency.py", "if row.fingerprint != key.fingerprint:", "if False:"),),
    ),
    Mutant(
        "a key is recorded and does not hold a second booking back",
        "connections cut",
        (
            (
                "core/bookings/queries.py",
                "WHERE whole.key IS NULL OR whole.ids IN (SELECT booking_ids FROM claimed)",
                "",
            ),
        ),
    ),
    Mutant(
        "who is accepted together is told of one another's bookings",
        "two beats",
        (
            (
                "core/bookings/queries.py",
                'if item["id"] in found] for request in requests]',
                'if item["id"] in found] for request in reversed(requests)]',
            ),
        ),
    ),
    Mutant(
        "the broker's cursor moves whether or not it has the events",
        "events broker gone",
        (
            (
                "core/events/service.py",
                "        publish([item.envelope for item in page])",
                "        with suppress(UnavailableError):\n"
                "            publish([item.envelope for item in page])",
            ),
            (
                "core/events/service.py",
                "from core.ids import new_id",
                "from contextlib import suppress\nfrom core.errors import UnavailableError\n"
                "from core.ids import new_id",
            ),
        ),
    ),
    Mutant(
        "half of the nudges are lost, and nobody sweeps",
        "two beats",
        (
            ("core/bookings/pipeline.py", "if time.monotonic() >= stop_at:", "if stop_at:"),
            (
                "core/jobs.py",
                "list(compress(messages, raised))",
                'list(filter(lambda _: __import__("os").urandom(1)[0] % 2, compress(messages, raised)))',
            ),
        ),
    ),
)


def survive(mutant: Mutant, seed: str) -> bool:
    """Whether the checker finds nothing wrong with a mutant, in a few rounds."""
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
        return not any(_object(tree, mutant, f"{seed}-{number}") for number in range(SEEDS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _object(tree: Path, mutant: Mutant, seed: str) -> bool:
    run = subprocess.run(
        [sys.executable, "-m", "proof.prove", "--seed", seed, "--fault", mutant.fault],
        cwd=tree,
        check=False,
        capture_output=True,
        text=True,
    )
    if "violations: " not in run.stdout:
        raise AssertionError(f"the mutant «{mutant.name}» could not be run:\n{run.stderr[-2000:]}")
    return run.returncode != 0


def kill_all(seed: str) -> int:
    """Try every mutant and print what became of it; 1 where any survived."""
    survivors = 0
    for mutant in MUTANTS:
        is_alive = survive(mutant, seed)
        survivors += is_alive
        print(f"{'SURVIVED' if is_alive else 'killed':<9} {mutant.name} ({mutant.fault})", flush=True)
    print(f"{len(MUTANTS)} mutants, {survivors} survived")
    return int(survivors > 0)
