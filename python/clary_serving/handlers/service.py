"""Models of archives and service files: handlers of TorchServe and of Multi Model Server, which take a list of requests."""

from __future__ import annotations

import sys
import traceback
from typing import Mapping, Sequence

from . import archive, encoder, intermediate, metrics, parts, pieces, routes, settings, v2
from .answer import Answer, Request, error_answer, one_line
from .context import CONTENT_TYPE, Context
from .labels import PredictionException
from .served import ServedModel


class ServiceModel(ServedModel):
    """settings: what the archive says about how it is to be served; None until it is loaded."""

    takes_batches = True
    settings: settings.Settings | None = None

    def __init__(self, model_dir: str, environ: Mapping[str, str], context: Context | None = None):
        self._model_dir = model_dir
        self._environ = environ
        self._context = context or Context("model", model_dir)
        self._names = {self._context.model_name}
        self._version = ""
        try:
            self._load()
        except Exception as error:
            traceback.print_exc()
            self.failure = error_answer(error)

    def invoke(self, body, *, content_type=None, accept=None, headers=None, context=None, path=routes.INVOCATIONS, method="POST"):
        request = Request(body, content_type, accept, headers or {}, path=path, method=method)
        return self._answers([request], context)[0] if context is not None else self.invoke_batch([request])[0]

    def invoke_batch(self, requests: Sequence[Request]) -> list[Answer]:
        if len(requests) > 1 and any(one.path != routes.INVOCATIONS for one in requests):
            return [self.invoke_batch([one])[0] for one in requests]
        headers = [one.headers for one in requests]
        if routes.of(requests[0].method, requests[0].path).kind == routes.EXPLAIN:
            headers = [{**one.headers, "explain": "True"} for one in requests]
        self._context.begin(headers, [one.request_id for one in requests])
        return self._answers(requests, self._context)

    def _load(self) -> None:
        manifest = archive.read_manifest(self._model_dir)
        mms = archive.is_mms(manifest)
        described = manifest["model"]
        context = self._context
        context.manifest = manifest
        context.model_yaml_config = archive.read_model_config(self._model_dir, manifest)
        self._names = {context.model_name, described.get("modelName") or context.model_name}
        self._version = str(described.get("modelVersion") or "")
        own = settings.of(self._model_dir, str(described.get("modelName") or context.model_name), self._version,
                          context.model_yaml_config, self._environ, mms)
        if self.settings is None:
            settings.tell_of_the_servers(own.numbers)
            if described.get("requirementsFile"):
                print(f"clary: {described['requirementsFile']} of the archive is not installed: its packages must be in the "
                      "environment", file=sys.stderr)
        self.settings = own
        context.system_properties["limit_max_image_pixels"] = own.limit_max_image_pixels
        if own.device == "cpu":
            context.system_properties["gpu_id"] = None
        self._metrics_class = metrics.MmsMetrics if mms else metrics.Metrics
        context.metrics = self._metrics_class(model_name=context.model_name)
        name = self._environ.get("SAGEMAKER_HANDLER") or described.get("handler")
        if not name:
            raise ValueError("MAR-INF/MANIFEST.json: the model names no handler")
        _, entry = archive.find_handler(self._model_dir, name, self._environ)
        self._handle = self._bare_handle = self._start(entry)
        self._speaks_v2 = False
        if own.envelope:
            from .torch_handler.envelope import envelope_of

            kind = envelope_of(own.envelope)
            self._speaks_v2 = kind is None
            self._handle = kind(self._bare_handle).handle if kind is not None else self._bare_handle
        self.failure = None

    def _start(self, entry):
        """The entry point, initialised: a class by initialize(context), a function by a call without data."""
        if not isinstance(entry, type):
            entry(None, self._context)
            return entry
        service = entry()
        service.initialize(self._context)
        return service.handle

    def _answers(self, requests: Sequence[Request], context: Context) -> list[Answer]:
        try:
            if self.failure is not None:
                self._load()
        except Exception as error:
            traceback.print_exc()
            return [error_answer(error)] * len(requests)
        route = routes.of(requests[0].method, requests[0].path)
        if route.kind not in (routes.CALL, routes.EXPLAIN, routes.V2):
            return [routes.not_found(requests[0].method, requests[0].path)] * len(requests)
        missing = self._missing(route)
        if missing is not None:
            return [missing] * len(requests)
        context.metrics = self._metrics_class(context.request_ids, context.model_name)
        early = intermediate.EarlyPieces(lambda piece, index: _answer(piece, index, context),
                                         self.send_early if len(requests) == 1 else None)
        try:
            if route.kind == routes.V2 or self._speaks_v2:
                return [self._answer_v2(one, route, context) for one in requests]
            data = [parts.request_parts(one.body, one.content_type, self.settings.decode) for one in requests]
            context.intermediate = early
            results = self._handle(data, context)
        except PredictionException as error:
            traceback.print_exc()
            return _refusals(requests, int(error.error_code), str(error.message))
        except MemoryError:
            traceback.print_exc()
            return _refusals(requests, 507, "Out of resources")
        except Exception as error:
            traceback.print_exc()
            out_of_memory = "out of memory" in str(error) and type(error).__name__ in ("RuntimeError", "OutOfMemoryError")
            return _refusals(requests, *((507, "Out of resources") if out_of_memory else (503, "Prediction failed")))
        finally:
            context.intermediate = None
        if pieces.comes_in_pieces(results) and len(requests) == 1:
            results = [results]
        if not isinstance(results, (list, tuple)):
            print(f"clary: the handler returned {type(results).__name__}, not a list", file=sys.stderr)
            return _refusals(requests, 503, "Invalid model predict output")
        if len(results) != len(requests):
            print(f"clary: the handler returned {len(results)} results for {len(requests)} requests", file=sys.stderr)
            return _refusals(requests, 503, "number of batch response mismatched")
        return [early.put_before(index, _answer(result, index, context)) for index, result in enumerate(results)]

    def _missing(self, route: routes.Route) -> Answer | None:
        """The refusal of a path that names another model or version."""
        told = None
        if route.model and route.model not in self._names:
            told = "ModelNotFoundException", f"Model not found: {route.model}"
        elif route.version and route.version != self._version:
            told = "ModelVersionNotFoundException", f"Model version: {route.version} does not exist for model: {route.model}"
        if told is None:
            return None
        return v2.refusal(404, told[1]) if route.kind == routes.V2 else routes.refusal(404, *told)

    def _answer_v2(self, request: Request, route: routes.Route, context: Context) -> Answer:
        """As TorchServe's envelope of the V2 protocol: the handler gets the first tensor of the request, and what it returns is
        the one output `predict`."""
        name = route.model or str(self._context.manifest["model"].get("modelName") or context.model_name)

        def infer(inputs: dict) -> dict:
            if len(inputs) != 1:
                raise v2.V2Error(f"the handler takes one tensor, not {len(inputs)}")
            results = self._bare_handle([v2.request_of(request.body)["inputs"][0]], context)
            if not isinstance(results, (list, tuple)) or len(results) != 1:
                raise v2.V2Error("the handler returned something else than a list of one result", 503)
            return {"predict": results[0]}

        version = self._version or "1"
        model = v2.Model(name, "torchserve", (), (), infer, version, (version,))
        own = route if route.kind == routes.V2 else routes.Route(routes.V2, name, verb=routes.INFER)
        return v2.answer(lambda *_: model, own, request.body)


def _answer(result, index: int, context: Context) -> Answer:
    content_type = context.get_response_content_type(index)
    if pieces.comes_in_pieces(result):
        body = pieces.body_of(result)
    elif isinstance(result, (bytes, bytearray)):
        body = bytes(result)
    elif isinstance(result, str):
        body = result.encode("utf-8")
    else:
        try:
            body = encoder.to_json(result).encode("utf-8")
        except (TypeError, ValueError):
            traceback.print_exc()
            return _refusal(503, "Unsupported model output data type.")
        content_type = content_type or "application/json"
    status, phrase = context.get_response_status(index)
    headers = tuple((key, one_line(str(value))) for key, value in context.get_response_headers(index).items()
                    if key.lower() != CONTENT_TYPE)
    return Answer(status, one_line(content_type) if content_type else None, body, one_line(phrase), headers)


def _refusal(status: int, message: str) -> Answer:
    """The body that both servers' clients know."""
    return routes.refusal(status, "InternalServerException", message)._replace(phrase=one_line(message))


def _refusals(requests: Sequence[Request], status: int, message: str) -> list[Answer]:
    return [_refusal(status, message)] * len(requests)
