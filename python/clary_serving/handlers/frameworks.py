"""Which default handler a model gets."""

from __future__ import annotations

import importlib.util
from typing import Mapping

VARIABLE = "CLARY_SERVING_FRAMEWORK"


def default_handler(environ: Mapping[str, str]):
    """CLARY_SERVING_FRAMEWORK says which: pytorch, sklearn, xgboost or base. Unset: pytorch where the environment
    has torch, else base. Errors: ValueError for another name."""
    name = environ.get(VARIABLE) or ("pytorch" if importlib.util.find_spec("torch") else "base")
    if name == "pytorch":
        from .default_pytorch_inference_handler import DefaultPytorchInferenceHandler as Handler
    elif name == "sklearn":
        from .default_sklearn_handler import DefaultSklearnHandler as Handler
    elif name == "xgboost":
        from .default_xgboost_handler import DefaultXgboostHandler as Handler
    elif name == "base":
        from .default_inference_handler import DefaultInferenceHandler as Handler
    else:
        raise ValueError(f"{VARIABLE}={name!r}: one of pytorch, sklearn, xgboost, base")
    return Handler()
