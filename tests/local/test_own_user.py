"""Under root embedded servers run as a user of their own, who has their data and their sockets."""

import grp
import os
import pwd
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from local.data_dirs import Account, ServerError, choose_account, name_shelter, settle_program
from local.embedded import EmbeddedServer
from local.servers import EmbeddedPostgres, EmbeddedRedis
from tests.local.test_servers import IS_ROOTS, NOBODY, SERVERS, find_socket, folder, keep_word, read_word

__all__ = ["folder"]
pytestmark = pytest.mark.skipif(
    not IS_ROOTS, reason="only for root, in a checkout of root's, it is another user"
)


@pytest.mark.parametrize("kind", SERVERS)
def test_nobody_else_is_it(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data") as server:
        process = psutil.Process(server.pid)
        ids = {*process.uids(), *process.gids()}
        found = {path.stat().st_uid for path in (folder / "data").glob("*/**/*")}
    assert len(ids) == 1
    assert found == ids
    assert not ids & {
        *(each.pw_uid for each in pwd.getpwall()),
        *(each.gr_gid for each in grp.getgrall()),
    }


@pytest.mark.parametrize(("kind", "former"), [(EmbeddedPostgres, NOBODY), (EmbeddedRedis, Account(0, 0))])
def test_data_of_another_s_are_taken_over(kind: type[EmbeddedServer], former: Account, folder: Path) -> None:
    """As the releases before laid them out."""
    with kind(folder / "data") as server:
        keep_word(server)
    for path in [folder / "data", *(folder / "data").rglob("*")]:
        os.chown(path, former.uid, former.gid, follow_symlinks=False)
    with kind(folder / "data") as server:
        assert read_word(server) == "word"
        assert (folder / "data").stat().st_uid == choose_account().uid != former.uid
    assert not NOBODY.can_enter(folder / "data")


@pytest.mark.parametrize("kind", SERVERS)
def test_others_cannot_connect(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data") as server, socket.socket(socket.AF_UNIX) as knock:
        path = find_socket(server)
        os.seteuid(NOBODY.uid)
        try:
            with pytest.raises(PermissionError):
                knock.connect(str(path))
        finally:
            os.seteuid(0)
        knock.connect(str(path))


def test_a_program_of_no_package_is_not_copied_for_it(folder: Path) -> None:
    program = folder / "home" / "prefix" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.touch()
    (folder / "home").chmod(0o700)
    with pytest.raises(ServerError, match=r"cannot reach .*: install it where everybody can"):
        settle_program(program, choose_account())
    assert not name_shelter(folder / "home").exists()


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
