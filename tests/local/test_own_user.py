"""Under root the embedded PostgreSQL runs as a user of its own, who has its data."""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from local.data_dirs import choose_account
from local.servers import EmbeddedPostgres
from tests.local.test_servers import IS_ROOTS, NOBODY, folder, keep_word, read_word

__all__ = ["folder"]
pytestmark = pytest.mark.skipif(
    not IS_ROOTS, reason="only for root, in a checkout of root's, it is another user"
)


def test_nobody_else_is_it(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data") as server:
        process = psutil.Process(server.pid)
        ids = {*process.uids(), *process.gids()}
        found = {path.stat().st_uid for path in (folder / "data" / "data").rglob("*")}
    assert len(ids) == 1
    assert found == ids
    assert not ids & {
        *(each.pw_uid for each in pwd.getpwall()),
        *(each.gr_gid for each in grp.getgrall()),
    }


def test_data_of_nobody_s_are_taken_over(folder: Path) -> None:
    """As the releases before laid them out."""
    with EmbeddedPostgres(folder / "data") as server:
        keep_word(server)
    shutil.chown(folder / "data", NOBODY.uid, NOBODY.gid)
    for path in (folder / "data").rglob("*"):
        os.chown(path, NOBODY.uid, NOBODY.gid, follow_symlinks=False)
    with EmbeddedPostgres(folder / "data") as server:
        assert read_word(server) == "word"
        assert (folder / "data" / "data").stat().st_uid == choose_account().uid != NOBODY.uid
    assert not NOBODY.can_enter(folder / "data")


def test_others_of_nobody_s_are_kept_out_meanwhile(folder: Path) -> None:
    """It is nobody who lays the data out, since that program wants a user with a name."""
    entered: list[bool] = []

    class Watched(EmbeddedPostgres):
        def _build_fill_command(self, data: Path) -> list[str]:
            read = ["/bin/cat", str(data.parent / "password")]
            seen = subprocess.run(read, check=False, capture_output=True, **NOBODY.popen_options)
            entered.append(NOBODY.can_enter(data) or seen.returncode == 0)
            return super()._build_fill_command(data)

    with Watched(folder / "data") as server:
        assert server.is_running
    assert entered == [False]
