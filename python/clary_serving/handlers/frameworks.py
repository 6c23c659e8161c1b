"""Which kind of model a folder holds, and which default handler its script gets."""

from __future__ import annotations

import ast
import importlib.util
import os
from typing import Mapping

from . import user_code

VARIABLE = "CLARY_SERVING_FRAMEWORK"
_NAMES = ("pytorch", "sklearn", "xgboost", "onnx", "base", "tensorflow")
_TOOLKIT_FUNCTIONS = {"model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn"}
_MOST_SCRIPT_BYTES = 4 << 20


def is_tensorflow(model_dir: str, environ: Mapping[str, str]) -> bool:
    """Whether TensorFlow Serving's contract is the model's: CLARY_SERVING_FRAMEWORK says so, or, unset, the folder holds a
    SavedModel and its script none of the functions of SageMaker's toolkit."""
    name = environ.get(VARIABLE)
    if name:
        return name == "tensorflow"
    from .tfs import saved_models

    return bool(saved_models.find(model_dir)) and not _TOOLKIT_FUNCTIONS & _defined(model_dir, environ)


def default_handler(model_dir: str, environ: Mapping[str, str]):
    """CLARY_SERVING_FRAMEWORK says which: pytorch, sklearn, xgboost, onnx or base. Unset: onnx where the top of the folder has an
    .onnx file and no .pt or .pth, else pytorch where the environment has torch, else base. Errors: ValueError for another
    name."""
    name = environ.get(VARIABLE) or _guess(model_dir)
    if name == "pytorch":
        from .default_pytorch_inference_handler import DefaultPytorchInferenceHandler as Handler
    elif name == "sklearn":
        from .default_sklearn_handler import DefaultSklearnHandler as Handler
    elif name == "xgboost":
        from .default_xgboost_handler import DefaultXgboostHandler as Handler
    elif name == "onnx":
        from .default_onnx_handler import DefaultOnnxHandler as Handler
    elif name == "base":
        from .default_inference_handler import DefaultInferenceHandler as Handler
    else:
        raise ValueError(f"{VARIABLE}={name!r}: one of {', '.join(_NAMES)}")
    return Handler()


def _guess(model_dir: str) -> str:
    endings = {os.path.splitext(name)[1] for name in os.listdir(model_dir)} if os.path.isdir(model_dir) else set()
    if ".onnx" in endings and not {".pt", ".pth"} & endings:
        return "onnx"
    return "pytorch" if importlib.util.find_spec("torch") else "base"


def _defined(model_dir: str, environ: Mapping[str, str]) -> set[str]:
    """Names of the functions at the top of the model's script; none where it cannot be read: importing it will say why."""
    folder, name = user_code.program(environ)
    path = os.path.join(user_code.code_folder(model_dir, environ), folder, name.replace(".", os.sep) + ".py")
    try:
        with open(path, "rb") as script:
            tree = ast.parse(script.read(_MOST_SCRIPT_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {one.name for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))}
