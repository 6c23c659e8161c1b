"""Where the SavedModels of a model's folder lie: by their names and versions, found without TensorFlow."""

from __future__ import annotations

import os
import re

FILE = "saved_model.pb"
ROOT_NAME = "model"  # of /opt/ml/model, whatever the folder is called here
_MOST_LEVELS = 8


def find(model_dir: str) -> dict[str, dict[int, str]]:
    """Name -> version -> folder. A model is a folder of numbered folders with a saved_model.pb; it is named after its folder.
    Where no folder is numbered, a SavedModel that is the only one is version 1."""
    found: dict[str, dict[int, str]] = {}
    bare = []
    for folder in _folders(model_dir):
        parent, last = os.path.split(folder)
        if folder != model_dir and re.fullmatch(r"[0-9]+", last):
            found.setdefault(_name(model_dir, parent), {})[int(last)] = folder
        else:
            bare.append(folder)
    if not found and len(bare) == 1:
        found[_name(model_dir, bare[0])] = {1: bare[0]}
    return found


def _name(model_dir: str, folder: str) -> str:
    return ROOT_NAME if folder == model_dir else os.path.basename(folder)


def _folders(model_dir: str):
    """Folders that hold a saved_model.pb, in the order of their names; what lies below one, or in code/, is not looked at."""
    waiting = [(model_dir, 0)]
    while waiting:
        folder, level = waiting.pop()
        try:
            names = sorted(os.listdir(folder), reverse=True)
        except OSError:
            continue
        if FILE in names:
            yield folder
        elif level < _MOST_LEVELS:
            waiting += [(os.path.join(folder, name), level + 1) for name in names if not name.startswith(".")
                        and not (level == 0 and name == "code") and os.path.isdir(os.path.join(folder, name))]
