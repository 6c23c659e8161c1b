"""`MetricsStore` under the names that handlers import."""

from .metrics import Dimension
from .metrics import Metrics as MetricsStore

__all__ = ["Dimension", "MetricsStore"]
