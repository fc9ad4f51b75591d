"""The dashboards of deploy/grafana, written by `python -m local.dashboards`."""
