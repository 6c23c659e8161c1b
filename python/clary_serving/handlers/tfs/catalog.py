"""The models of a folder and their versions: what is loaded, and what they say of themselves."""

from __future__ import annotations

import json
from typing import Mapping

from . import saved_models
from .errors import NOT_FOUND, ServingError
from .session import SavedModel


class Catalog:
    """default: the model that is meant where none is named. Its highest version is loaded at once, any other when a request
    asks for it. Errors: ValueError where there is no SavedModel, or none of the name in SAGEMAKER_TFS_DEFAULT_MODEL_NAME."""

    def __init__(self, model_dir: str, environ: Mapping[str, str]):
        self._folders = saved_models.find(model_dir)
        self._threads = threads_of(environ)
        if not self._folders:
            raise ValueError("no SavedModel bundles found: a numbered folder with a saved_model.pb is wanted, such as "
                             "model/1/saved_model.pb")
        self.default = environ.get("SAGEMAKER_TFS_DEFAULT_MODEL_NAME") or next(iter(self._folders))
        if self.default not in self._folders:
            raise ValueError("SAGEMAKER_TFS_DEFAULT_MODEL_NAME={!r}: there are {}".format(
                self.default, ", ".join(sorted(self._folders))))
        self._loaded: dict[str, SavedModel] = {}
        self.model(self.default, None)

    def version(self, name: str, version: int | None) -> int:
        """The version that a request means; None is the highest. Errors: ServingError where it is not there."""
        versions = self._folders.get(name, {})
        if version is None and versions:
            return max(versions)
        if version not in versions:
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ServingError(f"Servable not found for request: {asked}", NOT_FOUND)
        return version

    def versions(self, name: str) -> list[int]:
        """The highest first."""
        return sorted(self._folders.get(name, ()), reverse=True)

    def model(self, name: str, version: int | None) -> SavedModel:
        """Errors: ServingError; of a version that cannot be loaded what TensorFlow raises."""
        folder = self._folders[name][self.version(name, version)] if name in self._folders else ""
        if not folder:
            self.version(name, version)
        if folder not in self._loaded:
            self._loaded[folder] = SavedModel(folder, self._threads)
        return self._loaded[folder]

    def status(self, name: str, version: int | None) -> bytes:
        versions = self._folders.get(name)
        if not versions:
            raise ServingError(f"Could not find any versions of model {name}", NOT_FOUND)
        if version is not None and version not in versions:
            raise ServingError(f"Could not find version {version} of model {name}", NOT_FOUND)
        chosen = self.versions(name) if version is None else [version]
        return _document({"model_version_status": [
            {"version": str(one), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}} for one in chosen]})

    def metadata(self, name: str, version: int | None) -> bytes:
        model = self.model(name, version)
        signatures = {key: {"inputs": _described(one.inputs), "outputs": _described(one.outputs), "method_name": one.method,
                            "defaults": {}} for key, one in sorted(model.signatures.items())}
        spec = {"name": name, "signature_name": "", "version": str(self.version(name, version))}
        return _document({"model_spec": spec, "metadata": {"signature_def": {"signature_def": signatures}}})


def threads_of(environ: Mapping[str, str]) -> int:
    """Of one operation: SAGEMAKER_TFS_INTRA_OP_PARALLELISM, else what the worker was given. 0: TensorFlow's choice."""
    for name in ("SAGEMAKER_TFS_INTRA_OP_PARALLELISM", "OMP_NUM_THREADS"):
        if environ.get(name, "").isdigit():
            return int(environ[name])
    return 0


def _described(tensors) -> dict:
    return {name: {"dtype": _dtype(one.dtype), "tensor_shape": {
        "dim": [{"size": str(size), "name": ""} for size in one.shape or ()], "unknown_rank": one.shape is None},
        "name": one.tensor} for name, one in tensors.items()}


def _dtype(name: str) -> str:
    return "DT_" + {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}.get(name, name.upper())


def _document(value: dict) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
