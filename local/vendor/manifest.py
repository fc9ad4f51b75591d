"""web/vendor/MANIFEST.json: of which packages each file was made, and what it was then."""

import hashlib
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "web" / "vendor"
LOCK = Path(__file__).parent / "package-lock.json"
MANIFEST, LICENCES = "MANIFEST.json", "licences"
MODULES = "node_modules/"


def read_json(path: Path) -> Any:
    """What a file of JSON says."""
    return json.loads(path.read_text())


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, as the manifest has it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find_faults(folder: Path = FOLDER, lock: Path = LOCK) -> list[str]:
    """What is not as the manifest and the lock say, a line for each; none where all is."""
    manifest = read_json(folder / MANIFEST)
    listed = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    listed |= {f"{LICENCES}/{name}": digest for name, digest in manifest["licences"].items()}
    found = [*folder.glob("*.js"), *folder.glob(f"{LICENCES}/*")]
    present = {path.relative_to(folder).as_posix(): hash_file(path) for path in found}
    faults = [f"{name} is missing" for name in listed.keys() - present.keys()]
    faults += [f"{name} is not in {MANIFEST}" for name in present.keys() - listed.keys()]
    shared = listed.keys() & present.keys()
    faults += [f"{name} has been changed" for name in shared if listed[name] != present[name]]
    return sorted(faults + _find_foreign_packages(manifest, read_json(lock)["packages"]))


def _find_foreign_packages(manifest: Any, locked: Any) -> list[str]:
    packages = [package for entry in manifest["files"].values() for package in entry["packages"]]
    faults = []
    for package in packages:
        entry = locked.get(MODULES + package["name"], {})
        if any(package[name] != entry.get(name) for name in ("version", "integrity", "license")):
            faults.append(f"{package['name']} {package['version']} is not as {LOCK.name} has it")
        if package["licence_file"] not in manifest["licences"]:
            faults.append(f"{package['name']} has no licence in {MANIFEST}")
    return faults
