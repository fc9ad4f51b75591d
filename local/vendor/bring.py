"""`make vendor`: bundle what pages need of others into web/vendor/, with its licences and a manifest.

Each web/vendor/*.d.ts says what of which packages its bundle has, to esbuild as to the type check.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from local.vendor.manifest import FOLDER, LICENCES, LOCK, MANIFEST, MODULES, ROOT, hash_file, read_json
from local.vendor.node import install, run

# The format, the target and nothing of the machine: the same packages make the same bytes.
OPTIONS = (
    "--bundle",
    "--format=esm",
    "--minify",
    "--legal-comments=none",
    "--target=es2022",
    "--log-level=warning",
)
# What only d3-zoom's transitions need, of which there are none, is left out.
WITHOUT = Path(__file__).with_name("without")
# Of packages that name a licence and have no text of it.
TEXTS = {"Apache-2.0": ROOT / "LICENSE"}


def main() -> None:
    """Bring all, as locked; with --upgrade the newest that package.json allows."""
    bring(FOLDER, install(is_upgrade="--upgrade" in sys.argv[1:]))


def bring(folder: Path, modules: Path) -> None:
    """Make what the folder's *.d.ts name, of the packages under `modules`."""
    locked = read_json(LOCK)["packages"]
    shutil.rmtree(folder / LICENCES, ignore_errors=True)
    (folder / LICENCES).mkdir()
    files = {}
    for entry in sorted(folder.glob("*.d.ts")):
        bundle = folder / f"{entry.name.removesuffix('.d.ts')}.js"
        names = _bundle(entry, bundle, modules)
        packages = [_describe(name, locked[MODULES + name]) for name in names]
        files[bundle.name] = {"sha256": hash_file(bundle), "packages": packages}
        for package in packages:
            shutil.copyfile(_find_licence(package, modules), folder / LICENCES / package["licence_file"])
    licences = {path.name: hash_file(path) for path in sorted((folder / LICENCES).iterdir())}
    bundler = f"esbuild {locked[f'{MODULES}esbuild']['version']}"
    manifest = {"bundler": bundler, "files": files, "licences": licences}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=4) + "\n")


def _bundle(entry: Path, bundle: Path, modules: Path) -> list[str]:
    """Write the bundle; the packages that it is made of."""
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        esbuild = modules / ".bin" / "esbuild"
        outputs = [f"--outfile={bundle}", f"--metafile={told.name}"]
        aliases = [f"--alias:{path.stem}={path}" for path in sorted(WITHOUT.glob("*.js"))]
        run([esbuild, entry, *OPTIONS, *aliases, *outputs], NODE_PATH=str(modules))
        (output,) = read_json(Path(told.name))["outputs"].values()
    paths = [path.partition(MODULES)[2] for path in output["inputs"]]
    return sorted({_name_package(path) for path in paths if path})


def _name_package(path: str) -> str:
    scope, name, *_ = [*path.split("/"), ""]
    return f"{scope}/{name}" if scope.startswith("@") else scope


def _describe(name: str, entry: Any) -> dict[str, str]:
    """A package as the manifest has it."""
    told = {key: entry[key] for key in ("version", "license", "integrity")}
    return {"name": name, **told, "licence_file": f"{name.removeprefix('@').replace('/', '-')}.txt"}


def _find_licence(package: dict[str, str], modules: Path) -> Path:
    """The text of a package's licence. Raises LookupError where it has none."""
    for path in sorted((modules / package["name"]).glob("LICEN[CS]E*")):
        return path
    if package["license"] not in TEXTS:
        raise LookupError(f"{package['name']} has no text of its licence, {package['license']}")
    return TEXTS[package["license"]]


if __name__ == "__main__":
    main()
