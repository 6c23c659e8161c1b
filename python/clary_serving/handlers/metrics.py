"""context.metrics: each metric that a handler adds becomes one line of the model's log, in the form TorchServe documents:
`Name.Unit:value|#Dimension:value,...|#hostname:...,timestamp:...[,requestID:...]`."""

from __future__ import annotations

import os
import sys
import time
from typing import Sequence

_HOST = os.uname().nodename


class Dimension:
    def __init__(self, name: str, value: str):
        self.name, self.value = name, value

    def __str__(self) -> str:
        return f"{self.name}:{self.value}"

    def to_dict(self) -> dict:
        return {"Name": self.name, "Value": self.value}


class Metrics:
    """TorchServe's order of arguments. write: takes a line; the log's is standard output."""

    def __init__(self, request_ids: dict | None = None, model_name: str = "", write=None):
        self.request_ids = request_ids or {}
        self.model_name = model_name
        self._write = write or (lambda line: print(line, file=sys.stdout, flush=True))

    def emit(self, name: str, value, unit: str, dimensions: Sequence[str], request_id: str | None) -> None:
        tail = ",requestID:" + request_id if request_id else ""
        self._write("{}.{}:{}|#{}|#hostname:{},timestamp:{}{}".format(
            name, unit, value, ",".join(dimensions), _HOST, int(time.time()), tail))

    def add_metric(self, name, value, unit=None, idx=None, dimensions=None):
        own = [str(dimension) for dimension in dimensions or ()]
        own += ["ModelName:" + self.model_name, "Level:" + ("Error" if unit == "" else "Model")]
        self.emit(name, value, unit or "count", own, self.request_ids.get(idx if idx is not None else 0))

    def add_counter(self, name, value, idx=None, dimensions=None):
        self.add_metric(name, value, unit="count", idx=idx, dimensions=dimensions)

    def add_time(self, name, value, idx=None, unit="ms", dimensions=None):
        if unit not in ("ms", "s"):
            raise ValueError(f"the unit for a timed metric should be one of ms, s; got {unit!r}")
        self.add_metric(name, value, unit=unit, idx=idx, dimensions=dimensions)

    def add_size(self, name, value, idx=None, unit="MB", dimensions=None):
        if unit not in ("B", "kB", "MB", "GB"):
            raise ValueError(f"the unit for size based metric is one of MB, kB, GB, B; got {unit!r}")
        self.add_metric(name, value, unit=unit, idx=idx, dimensions=dimensions)

    def add_percent(self, name, value, idx=None, dimensions=None):
        self.add_metric(name, value, unit="percent", idx=idx, dimensions=dimensions)

    def add_error(self, name, value, dimensions=None):
        self.add_metric(name, value, unit="", dimensions=dimensions)

    def add_metric_to_cache(self, metric_name, unit, dimension_names=(), metric_type=None):
        """A metric whose dimensions have names: add_or_update(value, dimension_values) writes it."""
        return NamedMetric(self, metric_name, unit, dimension_names)


class NamedMetric:
    def __init__(self, metrics: Metrics, name: str, unit: str, dimension_names: Sequence[str]):
        self._metrics, self.metric_name, self.unit, self.dimension_names = metrics, name, unit, list(dimension_names)

    def add_or_update(self, value, dimension_values=(), request_id=""):
        if len(dimension_values) != len(self.dimension_names):
            raise ValueError(f"metric {self.metric_name}: values {dimension_values} for dimensions {self.dimension_names}")
        pairs = ["{}:{}".format(*pair) for pair in zip(self.dimension_names, dimension_values)]
        self._metrics.emit(self.metric_name, value, self.unit, pairs, request_id)

    update = add_or_update


class MmsMetrics(Metrics):
    """Multi Model Server's add_metric names the request before the unit."""

    def add_metric(self, name, value, idx=None, unit=None, dimensions=None):
        super().add_metric(name, value, unit=unit, idx=idx, dimensions=dimensions)
