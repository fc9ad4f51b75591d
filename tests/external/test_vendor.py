"""What web/ has of others is the same each time; its types are right; what is served is the same program."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.assets import OF_OTHERS
from api.minify import minify
from local.vendor.bring import bring
from local.vendor.manifest import FOLDER
from local.vendor.node import install
from tests.support import ROOT

pytestmark = [pytest.mark.external, pytest.mark.timeout(300)]


def read_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_bundles_brought_again_are_the_same(tmp_path: Path) -> None:
    for entry in FOLDER.glob("*.d.ts"):
        shutil.copy(entry, tmp_path)
    bring(tmp_path, install())
    assert read_folder(tmp_path) == read_folder(FOLDER)


def test_types_of_web_are_right() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "local.vendor.check_types"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    """In a copy of the tree, of what is bundled as well."""
    shutil.copytree(ROOT / "web", tmp_path / "web")
    (tmp_path / ".tools").mkdir()
    (tmp_path / ".tools" / "vendor").symlink_to(install().parent)
    wrong = tmp_path / "web" / "wrong.js"
    wrong.write_text('import KDBush from "./vendor/kdbush.js";\nnew KDBush(1).add("x", 1);\n')
    tsc = install() / ".bin" / "tsc"
    ran = subprocess.run(
        [tsc, "--project", tmp_path / "web" / "tsconfig.json"], capture_output=True, text=True, check=False
    )
    assert "web/wrong.js(2," in ran.stdout
    assert "'string' is not assignable to parameter of type 'number'" in ran.stdout


def test_modules_as_served_are_the_same_programs(tmp_path: Path) -> None:
    """By a tool that parses them: of both it makes the same."""
    made = []
    for name, change in (("written", str), ("served", minify)):
        folder = tmp_path / name
        for path in (ROOT / "web").rglob("*.js"):
            file = path.relative_to(ROOT / "web").as_posix()
            if not file.startswith(OF_OTHERS):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_text(change(path.read_text()))
        files = sorted(folder.rglob("*.js"))
        options = "--minify-whitespace", "--format=esm", f"--outbase={folder}", f"--outdir={folder}.out"
        subprocess.run(
            [install() / ".bin" / "esbuild", *files, *options, "--log-level=error"], cwd=folder, check=True
        )
        made.append(read_folder(tmp_path / f"{name}.out"))
    assert len(made[0]) > 60
    assert made[0] == made[1]
