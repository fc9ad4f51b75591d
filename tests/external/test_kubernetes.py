"""deploy/kubernetes by the schemas of Kubernetes itself, of the versions that it is said to be for."""

from pathlib import Path

import pytest
import yaml

from tests.deploy.kustomizing import BASE, EXAMPLE, build
from tests.external.toolbox import install_python, run

pytestmark = [pytest.mark.external, pytest.mark.timeout(600)]


@pytest.mark.parametrize("version", ["1.29", "1.34", "1.37"])
@pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=lambda folder: folder.name)
def test_manifests_are_as_kubernetes_wants_them(tmp_path: Path, folder: Path, version: str) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(build(folder)))
    run([install_python() / "kubernetes-validate", "--strict", "-k", version, file])
