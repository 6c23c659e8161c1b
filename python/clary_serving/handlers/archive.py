"""A model archive that has been unpacked: its manifest, and the handler that the manifest names."""

from __future__ import annotations

import importlib
import json
import os
from typing import Callable, Mapping

from . import labels, user_code

BUILT_IN = ("base_handler", "image_classifier", "image_segmenter", "object_detector", "text_classifier")


def root(model_dir: str) -> str | None:
    """The folder that holds MAR-INF: model_dir, or the only folder in it that does (archives in tgz form have one around all);
    None where there is no archive."""
    if os.path.isfile(os.path.join(model_dir, "MAR-INF", "MANIFEST.json")):
        return model_dir
    inner = [os.path.join(model_dir, name) for name in os.listdir(model_dir)] if os.path.isdir(model_dir) else []
    found = [folder for folder in inner if os.path.isfile(os.path.join(folder, "MAR-INF", "MANIFEST.json"))]
    return found[0] if len(found) == 1 else None


def read_manifest(model_dir: str) -> dict:
    """MAR-INF/MANIFEST.json; one with an empty model where there is none. Errors: ValueError."""
    path = os.path.join(model_dir, "MAR-INF", "MANIFEST.json")
    if not os.path.isfile(path):
        return {"model": {}}
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("model"), dict):
        raise ValueError("MAR-INF/MANIFEST.json: no object `model` in it")
    return manifest


def is_mms(manifest: dict) -> bool:
    """Whether the handler is Multi Model Server's: one without an archive, or of its archiver, whose manifests alone name an
    engine or a publisher."""
    return not manifest["model"] or any(key in manifest for key in ("engine", "publisher", "modelServerVersion"))


def read_model_config(model_dir: str, manifest: dict) -> dict:
    """The yaml file that the manifest's configFile names; {} where it names none. Errors: ValueError with a sentence."""
    name = manifest["model"].get("configFile")
    if not name:
        return {}
    path = _inside(model_dir, name)
    try:
        import yaml
    except ImportError:
        raise ValueError(f"{name}: the environment has no PyYAML to read it with") from None
    with open(path, encoding="utf-8") as file:
        try:
            config = yaml.safe_load(file)
        except yaml.YAMLError as error:
            raise ValueError(f"{name}: {error}") from None
    if config is not None and not isinstance(config, dict):
        raise ValueError(f"{name}: names and values are wanted, not {type(config).__name__}")
    return config or {}


def find_handler(model_dir: str, name: str, environ: Mapping[str, str]) -> tuple[object, Callable]:
    """name: `file.py`, `file.py:function`, `module:function`, or one of BUILT_IN. Returns the module and what to take out of
    it: a function handle(data, context), or the only class of the module. Errors: ValueError with a sentence."""
    path, _, function = name.partition(":")
    folder, file = os.path.split(path)
    module_name = file[:-3] if file.endswith(".py") else file
    code = os.path.join(model_dir, "code")
    folders = [os.path.join(model_dir, folder)] if folder else []
    folders += [model_dir, user_code.code_folder(model_dir, environ), code, os.path.join(code, "lib")]
    user_code.put_on_path(list(dict.fromkeys(folders)))
    module = user_code.import_fresh(module_name, folders)
    if module is None and path in BUILT_IN:
        module = importlib.import_module(".torch_handler." + path, __package__)
    if module is None:
        raise ValueError("handler {!r}: no such file in the model, and none of {}".format(name, ", ".join(BUILT_IN)))
    if hasattr(module, function or "handle"):
        return module, getattr(module, function or "handle")
    if function:
        raise ValueError(f"handler {name!r}: the module has no {function!r}")
    classes = labels.list_classes_from_module(module)
    if len(classes) != 1:
        raise ValueError(f"Expected only one class in custom service code or a function entry point {classes}")
    return module, classes[0]


def _inside(model_dir: str, name: str) -> str:
    path = os.path.realpath(os.path.join(model_dir, name))
    if not path.startswith(os.path.realpath(model_dir) + os.sep):
        raise ValueError(f"{name!r} lies outside the model")
    return path
