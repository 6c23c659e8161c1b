"""Where a model's code lies and how its modules are imported."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Mapping, Sequence


def code_folder(model_dir: str, environ: Mapping[str, str]) -> str:
    """SAGEMAKER_SUBMIT_DIRECTORY where it is a folder here, else code/ of the model, else the model itself."""
    submitted = environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if submitted and os.path.isdir(submitted):
        return submitted
    code = os.path.join(model_dir, "code")
    return code if os.path.isdir(code) else model_dir


def program(environ: Mapping[str, str]) -> tuple[str, str]:
    """Folder within the code ("" for its top) and module of SAGEMAKER_PROGRAM; the module `inference` when it is not set."""
    path = environ.get("SAGEMAKER_PROGRAM") or "inference.py"
    folder, name = os.path.split(path)
    return folder, name[:-3] if name.endswith(".py") else name


def put_on_path(folders: Sequence[str]) -> None:
    """The folders come first on sys.path, in this order; those that do not exist are left out."""
    present = [folder for folder in folders if os.path.isdir(folder)]
    sys.path[:] = present + [entry for entry in sys.path if entry not in present]
    importlib.invalidate_caches()


def import_fresh(name: str, folders: Sequence[str]):
    """The module, None when there is none of this name. One of another model that has the name is not taken for it."""
    loaded = sys.modules.get(name)
    if loaded is not None and not _lies_in(getattr(loaded, "__file__", None), folders):
        del sys.modules[name]
    try:
        if importlib.util.find_spec(name) is None:
            return None
    except (ModuleNotFoundError, ValueError):  # a dotted name whose package is missing
        return None
    return importlib.import_module(name)


def _lies_in(path, folders: Sequence[str]) -> bool:
    return bool(path) and any(os.path.abspath(path).startswith(os.path.abspath(folder) + os.sep) for folder in folders)
