"""A model with SageMaker's functions: model_fn, and input_fn, predict_fn, output_fn or transform_fn, of the user's module or of
the framework's default handler."""

from __future__ import annotations

import os
import sys
import traceback
from time import perf_counter
from typing import Mapping

from . import content_types, frameworks, pieces, routes, user_code, v2
from .answer import Answer, error_answer, one_line
from .context import CONTENT_TYPE, Context
from .default_inference_handler import is_text
from .functions import Function
from .served import ServedModel

# Name, how many arguments the contract gives it.
_STEPS = (("input_fn", 2), ("predict_fn", 2), ("output_fn", 2))
_BOTH = "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or output_fn implementation"


class ScriptModel(ServedModel):
    def __init__(self, model_dir: str, environ: Mapping[str, str], context: Context | None = None):
        self._model_dir = model_dir
        self._environ = environ
        self._context = context or Context("model", model_dir)
        self._handler = frameworks.default_handler(model_dir, environ)
        self._default_accept = environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or self._handler.default_accept
        try:
            self._load()
        except Exception as error:
            traceback.print_exc()
            self.failure = error_answer(error)

    def invoke(self, body, *, content_type=None, accept=None, headers=None, context=None, path=routes.INVOCATIONS, method="POST"):
        if context is None:
            context = self._context
            context.begin((headers or {},))
        if not accept or accept == content_types.ANY:
            accept = self._default_accept
        route = routes.of(method, path)
        if route.kind not in (routes.CALL, routes.V2):
            return routes.not_found(method, path)
        try:
            if self.failure is not None:
                self._load()
            if route.kind == routes.V2:
                return v2.answer(lambda name, version: self._tensors(name, version, context), route, body)
            result, stages = self._transform(context, body, content_type, accept)
            return self._answer(result, stages, accept, context)
        except Exception as error:
            traceback.print_exc()
            return error_answer(error, _headers(context))

    def _tensors(self, name: str, version: str, context) -> v2.Model:
        """The model for the V2 protocol: the tensors take the place of input_fn and output_fn, which must be default ones."""
        if version not in ("", "1"):
            raise v2.V2Error(f"model {name!r} has no version {version!r}: there is 1", 404)
        own = [one for one in ("transform_fn", "input_fn", "output_fn") if one in self._own]
        if own:
            raise v2.V2Error(f"the model's own {own[0]} reads or writes bodies: tensors of the V2 protocol do not map on it")
        return self._handler.tensor_model(name, self._model, lambda data: self._predict_fn(context, data, self._model), context)

    def _load(self) -> None:
        """Imports the user's module and runs model_fn. Raises what it raises."""
        code = user_code.code_folder(self._model_dir, self._environ)
        folder, name = user_code.program(self._environ)
        folders = [os.path.join(code, folder), code, os.path.join(code, "lib")] if folder else [code, os.path.join(code, "lib")]
        user_code.put_on_path(folders)
        module = user_code.import_fresh(name, folders)
        if module is None and self._environ.get("SAGEMAKER_PROGRAM"):
            print(f"clary: {code} has no module {name!r}: the default functions are used", file=sys.stderr)
        self._take_functions(module)
        if hasattr(module, "pre_model_fn"):
            Function(module.pre_model_fn, 1)(self._context, self._model_dir)
        model_fn = getattr(module, "model_fn", self._handler.default_model_fn)
        self._model = Function(model_fn, 1)(self._context, self._model_dir)
        if hasattr(module, "model_warmup_fn"):
            Function(module.model_warmup_fn, 2)(self._context, self._model_dir, self._model)
        self.failure = None

    def _take_functions(self, module) -> None:
        given = {name: getattr(module, name, None) for name, _ in _STEPS}
        transform_fn = getattr(module, "transform_fn", None)
        self._own = {name for name in ("transform_fn", *given) if getattr(module, name, None) is not None}
        if transform_fn is not None and any(given.values()):
            raise ValueError(_BOTH)
        self._transform_fn = Function(transform_fn, 4) if transform_fn is not None else None
        self._wants_bytes = given["input_fn"] is not None or transform_fn is not None
        self._input_fn, self._predict_fn, self._output_fn = (
            Function(given[name], count) if given[name] is not None else _Default(getattr(self._handler, "default_" + name))
            for name, count in _STEPS)

    def _transform(self, context, body, content_type, accept):
        """What the last function returned, and the seconds that each stage took."""
        began = perf_counter()
        if is_text(content_type):
            body = str(body, "utf-8")
        elif self._wants_bytes and not isinstance(body, bytes):
            body = bytes(body)
        if self._transform_fn is not None:
            result = self._transform_fn(context, self._model, body, content_type, accept)
            return result, {"predict": perf_counter() - began}
        data = self._input_fn(context, body, content_type)
        decoded = perf_counter()
        prediction = self._predict_fn(context, data, self._model)
        predicted = perf_counter()
        if "output_fn" not in self._own and pieces.comes_in_pieces(prediction):
            result = pieces.default_output(prediction, accept)
        else:
            result = self._output_fn(context, prediction, accept)
        return result, {"decode": decoded - began, "predict": predicted - decoded, "encode": perf_counter() - predicted}

    def _answer(self, result, stages, accept, context) -> Answer:
        content_type = accept
        if isinstance(result, tuple):
            result, content_type = result[0], result[1]
        status, phrase = context.get_response_status(0)
        return Answer(status, one_line(content_type) if content_type else None, pieces.body_of(result), one_line(phrase),
                      _headers(context), stages)


class _Default:
    """A default function: it always takes the context."""

    def __init__(self, function):
        self._function = function

    def __call__(self, context, *arguments):
        return self._function(*arguments, context)


def _headers(context):
    return tuple((key, one_line(str(value))) for key, value in context.get_response_headers(0).items()
                 if key.lower() != CONTENT_TYPE)
