"""Write deploy/grafana; a test compares what is there."""

import json
from pathlib import Path

from local.dashboards.panels import build_dashboard
from local.dashboards.pipeline import PIPELINE
from local.dashboards.postgres import POSTGRES
from local.dashboards.redis import REDIS
from local.dashboards.sale import SALE

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "grafana"


def render_dashboards() -> dict[str, str]:
    """The files' texts by their names."""
    return {
        f"{dashboard.uid}.json": json.dumps(build_dashboard(dashboard), indent=2) + "\n"
        for dashboard in (SALE, PIPELINE, POSTGRES, REDIS)
    }


def main() -> None:
    """Write them all."""
    for name, text in render_dashboards().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
