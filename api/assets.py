"""The files of web/ that browsers need, in memory as they are sent: read, and gzipped, once."""

import gzip
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

from api.minify import minify
from api.responses import FOREVER, WORTH_PACKING, Representation, make_tag
from core.infra.settings import get_settings

FOLDER = Path(__file__).parent.parent / "web"
# All else under web/ is for those who work on it, and not there for browsers.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".ftl": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
# Bundled, and small already.
OF_OTHERS = "vendor/"
BEST_LEVEL = 9
DIGEST_LENGTH = 16

_IMPORT = re.compile(r"""(?:^|[;}\n])(?:import|export)\b[^;"'(]*"(\.[^"]+)\"""")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent; `imports` are the paths of modules that it cannot run without."""

    stamp: tuple[int, int]
    sent: Representation
    imports: tuple[str, ...]


class Assets:
    """The files under a folder, by their paths in it, as they were at the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, File] = {}
        self._modules: dict[str, list[str]] = {}
        # The hash of the whole tree: another one where any file is another.
        self.digest = ""
        self.look()

    def find(self, path: str) -> Representation | None:
        """The file at this path, gzipped where that is worth it; None where there is none."""
        # A look-up among the names of files that there are: no path leads out of the folder.
        found = self._files.get(path)
        return found.sent if found else None

    def find_modules(self, path: str) -> list[str]:
        """Paths of all modules that the one at this path imports, those of its imports too."""
        return self._modules.get(path, [])

    def look(self) -> None:
        """Read what is new, or was written since the last look."""
        found: dict[str, File] = {}
        for name, entry in _list_files(self._folder):
            # An editor replaces a file by another one; between the two there is none.
            with suppress(FileNotFoundError):
                state, known = entry.stat(follow_symlinks=False), self._files.get(name)
                stamp = state.st_mtime_ns, state.st_size
                found[name] = known if known and known.stamp == stamp else _read(name, Path(entry), stamp)
        if found != self._files:
            self._files = found
            self._modules = {name: _follow(found, name) for name in found}
            named = "".join(f"{name} {each.sent.tag}\n" for name, each in sorted(found.items()))
            self.digest = hashlib.sha256(named.encode()).hexdigest()[:DIGEST_LENGTH]


def _list_files(folder: Path | str, under: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The files of our types by their paths. Links are not followed: they may lead out of the folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _list_files(entry.path, f"{under}{entry.name}/")
            elif entry.is_file(follow_symlinks=False) and entry.name.endswith(tuple(TYPES)):
                yield under + entry.name, entry


def _read(name: str, path: Path, stamp: tuple[int, int]) -> File:
    body = path.read_bytes()
    imports: tuple[str, ...] = ()
    if path.suffix == ".js" and not name.startswith(OF_OTHERS):
        script = minify(body.decode())
        body = script.encode()
        imports = tuple(normpath(join(dirname(name), each)) for each in _IMPORT.findall(script))
    is_packed = len(body) >= WORTH_PACKING
    sent = Representation(
        make_tag(body),
        FOREVER,
        gzip.compress(body, BEST_LEVEL, mtime=0) if is_packed else body,
        is_gzipped=is_packed,
        varies=True,
        content_type=TYPES[path.suffix],
    )
    return File(stamp, sent, imports)


def _follow(files: dict[str, File], name: str) -> list[str]:
    """What a file imports, and what that imports, the nearest first."""
    found = [name]
    for each in found:
        found += dict.fromkeys(path for path in files[each].imports if path in files and path not in found)
    return found[1:]


def get_assets() -> Assets:
    """The files of web/, read once; in development a changed file is seen without a restart."""
    assets = _read_assets()
    if get_settings().seatline_env == "development":
        assets.look()
    return assets


@cache
def _read_assets() -> Assets:
    return Assets(FOLDER)
