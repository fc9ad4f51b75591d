"""What kustomize makes of deploy/kubernetes, by what is used there: resources, patches, images, namespace."""

from pathlib import Path
from typing import Any

import yaml

from tests.support import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
BASE, EXAMPLE = FOLDER / "base", FOLDER / "example"
KNOWN = {"apiVersion", "kind", "resources", "patches", "images", "namespace"}
# How Kubernetes tells elements of its lists apart; other lists are replaced.
KEYS = {
    "containers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
}

Manifest = dict[str, Any]


def read_documents(file: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def build(folder: Path) -> list[Manifest]:
    """The manifests of a kustomization. Fails the test where it has what is not known here."""
    (kustomization,) = read_documents(folder / "kustomization.yaml")
    assert kustomization.keys() <= KNOWN
    found: list[Manifest] = []
    for resource in kustomization["resources"]:
        path = folder / resource
        found += build(path) if path.is_dir() else read_documents(path)
    for patch in kustomization.get("patches", []):
        found = _patch(found, patch, folder)
    for manifest in found:
        if "namespace" in kustomization:
            manifest["metadata"]["namespace"] = kustomization["namespace"]
        for container in find_containers(manifest):
            container["image"] = _name_image(container["image"], kustomization.get("images", []))
    return found


def find_pod(manifest: Manifest) -> Manifest | None:
    """The pods that it makes, if any."""
    found: Manifest | None = manifest.get("spec", {}).get("template")
    return found


def find_containers(manifest: Manifest) -> list[Manifest]:
    pod = find_pod(manifest)
    return list(pod["spec"]["containers"]) if pod else []


def _patch(manifests: list[Manifest], patch: Manifest, folder: Path) -> list[Manifest]:
    """The manifests, changed where the patch is theirs: by its target's kind, else by its kind and name."""
    (change,) = read_documents(folder / patch["path"])
    if target := patch.get("target"):
        chosen = [manifest for manifest in manifests if manifest["kind"] == target["kind"]]
        change = {"spec": change["spec"]}
    else:
        chosen = [manifest for manifest in manifests if _identify(manifest) == _identify(change)]
    assert chosen, patch
    return [_merge(manifest, change) if manifest in chosen else manifest for manifest in manifests]


def _identify(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _merge(old: Any, new: Any, key: str = "") -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        both = {name: _merge(old[name], new[name], name) for name in old.keys() & new.keys()}
        return {**old, **new, **both}
    if isinstance(old, list) and isinstance(new, list) and key in KEYS:
        name = KEYS[key]
        others = {each[name]: each for each in old}
        return list((others | {each[name]: _merge(others.get(each[name]), each) for each in new}).values())
    return new


def _name_image(image: str, changes: list[Manifest]) -> str:
    name, _, tag = image.rpartition(":")
    for change in changes:
        if change["name"] == name:
            return f"{change['newName']}:{change['newTag']}"
    return f"{name}:{tag}"
