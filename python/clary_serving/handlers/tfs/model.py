"""A folder of SavedModels as a model of this server."""

from __future__ import annotations

import traceback
from typing import Mapping

from .. import routes, user_code, v2
from ..answer import error_answer
from ..context import Context
from ..served import ServedModel
from ..v2_tensors import Model
from . import invocations, rest
from .catalog import Catalog
from .errors import NOT_FOUND, ServingError, refusal
from .script import Handlers
from .session import DEFAULT_SIGNATURE


class TensorflowModel(ServedModel):
    def __init__(self, model_dir: str, environ: Mapping[str, str], context: Context | None = None):
        self._model_dir = model_dir
        self._environ = environ
        try:
            self._load()
        except Exception as error:
            traceback.print_exc()
            self.failure = error_answer(error)

    def invoke(self, body, *, content_type=None, accept=None, headers=None, context=None, path=routes.INVOCATIONS, method="POST"):
        headers = headers or {}
        path = path.partition("?")[0]
        try:
            if self.failure is not None:
                self._load()
            route = routes.of(method, path)
            if route.kind == routes.TFS:
                return rest.answer(self._catalog, method, path, body)
            if route.kind == routes.V2:
                return v2.answer(self._tensors, route, body)
            if route.kind != routes.CALL:
                return routes.not_found(method, path)
            if self._handlers is not None:
                return self._handlers.answer(body, content_type, accept, headers)
            return invocations.answer(self._catalog, body, content_type, accept, headers)
        except Exception as error:
            traceback.print_exc()
            return refusal(500, str(error))

    def _load(self) -> None:
        """Raises what the script raises, and TensorFlow."""
        code = user_code.code_folder(self._model_dir, self._environ)
        folder, name = user_code.program(self._environ)
        folders = [code + "/" + folder, code] if folder else [code]
        user_code.put_on_path([*folders, code + "/lib"])
        self._catalog = Catalog(self._model_dir, self._environ)
        module = user_code.import_fresh(name, folders)
        self._handlers = Handlers(module, self._catalog) if module is not None else None
        self.failure = None

    def _tensors(self, name: str, version: str) -> Model:
        """The default signature of a model for the V2 protocol. Errors: ServingError."""
        if version and not version.isdigit():
            raise ServingError(f"version {version!r}: versions of a SavedModel are numbers", NOT_FOUND)
        number = self._catalog.version(name, int(version) if version else None)
        model = self._catalog.model(name, number)
        signature = model.signatures.get(DEFAULT_SIGNATURE)
        if signature is None:
            raise ServingError(f'Serving signature name: "{DEFAULT_SIGNATURE}" not found in signature def')
        versions = tuple(map(str, self._catalog.versions(name)))
        return Model(name, "tensorflow_savedmodel", signature.inputs.values(), signature.outputs.values(),
                     lambda inputs: model.run(signature, inputs), str(number), versions)
