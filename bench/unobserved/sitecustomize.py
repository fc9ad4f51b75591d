"""A process that counts nothing: put on PYTHONPATH, Python imports this at its start."""

from prometheus_client import Counter, Gauge, Histogram


def _count_nothing(*_: object, **__: object) -> None:
    pass


for _kind, _names in ((Counter, ("inc",)), (Gauge, ("inc", "dec", "set")), (Histogram, ("observe",))):
    for _name in _names:
        setattr(_kind, _name, _count_nothing)
