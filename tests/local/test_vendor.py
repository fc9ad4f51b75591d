"""What web/ has of others is as its manifest and its lock say, and any other byte is found, without Node."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.vendor.bring import _find_licence, _name_package
from local.vendor.manifest import FOLDER, LOCK, find_faults, read_json
from tests.support import ROOT

Change = Callable[[Path], object]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of web/vendor/."""
    return Path(shutil.copytree(FOLDER, tmp_path / "vendor"))


def test_all_is_as_the_manifest_says() -> None:
    assert find_faults() == []


def test_a_copy_is_as_well(copied: Path) -> None:
    assert find_faults(copied) == []


def change_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (lambda folder: change_byte(folder / "lit.js"), ["lit.js has been changed"]),
        (lambda folder: change_byte(folder / "licences" / "uqr.txt"), ["licences/uqr.txt has been changed"]),
        (lambda folder: (folder / "uqr.js").unlink(), ["uqr.js is missing"]),
        (lambda folder: (folder / "licences" / "uqr.txt").unlink(), ["licences/uqr.txt is missing"]),
        (lambda folder: (folder / "more.js").write_text(""), ["more.js is not in MANIFEST.json"]),
    ],
    ids=["a changed byte", "a changed licence", "no bundle", "no licence", "one bundle more"],
)  # fmt: skip
def test_what_is_otherwise_is_named(copied: Path, change: Change, faults: list[str]) -> None:
    change(copied)
    assert find_faults(copied) == faults


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"version": "9.9.9"}, "uqr 9.9.9 is not as package-lock.json has it"),
        ({"integrity": "sha512-other"}, "uqr 0.1.3 is not as package-lock.json has it"),
        ({"license": "UNLICENSED"}, "uqr 0.1.3 is not as package-lock.json has it"),
        ({"name": "other"}, "other 0.1.3 is not as package-lock.json has it"),
        ({"licence_file": "other.txt"}, "uqr has no licence in MANIFEST.json"),
    ],
    ids=str,
)
def test_a_package_that_the_lock_does_not_have_is_named(
    copied: Path, changed: dict[str, str], fault: str
) -> None:
    path = copied / "MANIFEST.json"
    manifest = read_json(path)
    manifest["files"]["uqr.js"]["packages"][0].update(changed)
    path.write_text(json.dumps(manifest))
    assert find_faults(copied) == [fault]


def test_make_check_fails_on_a_changed_byte(tmp_path: Path) -> None:
    for name in ("local", "web"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "local.vendor.check"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    change_byte(tmp_path / "web" / "vendor" / "d3-zoom.js")
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == "web/vendor: d3-zoom.js has been changed; `make vendor` makes it anew\n"
    assert "local.vendor.check\n" in (ROOT / "Makefile").read_text()


def test_every_bundle_is_of_an_entry_and_every_entry_has_one() -> None:
    bundles = {path.stem for path in FOLDER.glob("*.js")}
    assert bundles == {path.name.removesuffix(".d.ts") for path in FOLDER.glob("*.d.ts")}
    assert {"lit", "d3-zoom", "d3-polygon", "kdbush", "uqr", "fluent"} <= bundles


def test_every_package_has_its_licence_beside_it() -> None:
    manifest = read_json(FOLDER / "MANIFEST.json")
    packages = [package for entry in manifest["files"].values() for package in entry["packages"]]
    assert {"lit", "lit-html", "d3-zoom", "d3-selection", "@fluent/bundle"} <= {
        each["name"] for each in packages
    }
    for package in packages:
        text = (FOLDER / "licences" / package["licence_file"]).read_text()
        assert re.search(r"Copyright|Apache License", text), package["name"]
    assert {package["licence_file"] for package in packages} == set(manifest["licences"])


def test_the_lock_names_no_registry_and_a_hash_for_each_package() -> None:
    text = LOCK.read_text()
    assert "resolved" not in text
    assert re.findall(r"https?://(?!(?:opencollective|github)\.com/)[^\"]+", text) == []
    packages: dict[str, Any] = read_json(LOCK)["packages"]
    assert all(entry["integrity"].startswith("sha512-") for name, entry in packages.items() if name)


@pytest.mark.parametrize(
    ("path", "name"),
    [("uqr/dist/index.mjs", "uqr"), ("@fluent/bundle/esm/index.js", "@fluent/bundle"), ("kdbush", "kdbush")],
)
def test_a_path_names_its_package(path: str, name: str) -> None:
    assert _name_package(path) == name


def test_a_package_without_a_licence_is_refused(tmp_path: Path) -> None:
    package = {"name": "odd", "license": "Odd-1.0"}
    with pytest.raises(LookupError, match=r"odd has no text of its licence, Odd-1\.0"):
        _find_licence(package, tmp_path)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "LICENSE.md").write_text("Copyright")
    assert _find_licence(package, tmp_path).name == "LICENSE.md"
