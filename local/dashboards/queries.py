"""Queries that panels are made of, in Prometheus's language."""

# Grafana takes a window that has a few scrapes in it.
WINDOW = "$__rate_interval"


def rate(metric: str, by: str = "") -> str:
    """So many a second, of all processes together, by these labels."""
    return f"sum{_by(by)}(rate({metric}[{WINDOW}]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """The value that this share of what was observed stayed below."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', labels)})"


def quantiles(histogram: str) -> list[tuple[str, str]]:
    """The median and the 99th percentile."""
    return [(quantile(0.5, histogram), "p50"), (quantile(0.99, histogram), "p99")]


def share(part: str, whole: str) -> str:
    """One by the other, nothing where the other is 0."""
    return f"{part} / ({whole} > 0)"


def worst(metric: str, by: str = "") -> str:
    """What each `web` asks of the same database and tells alike: once, and not added up."""
    return f"max{_by(by)}({metric})"


def total(metric: str, by: str = "") -> str:
    """A gauge of all processes together."""
    return f"sum{_by(by)}({metric})"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""
