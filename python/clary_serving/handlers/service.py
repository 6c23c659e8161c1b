"""Models of archives and service files: handlers of TorchServe and of Multi Model Server, which take a list of requests."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Mapping, Sequence

from . import archive, encoder, metrics, parts
from .answer import Answer, Request, error_answer, one_line
from .context import CONTENT_TYPE, Context
from .labels import PredictionException
from .served import ServedModel


class ServiceModel(ServedModel):
    takes_batches = True

    def __init__(self, model_dir: str, environ: Mapping[str, str], context: Context | None = None):
        self._model_dir = model_dir
        self._environ = environ
        self._context = context or Context("model", model_dir)
        try:
            self._load()
        except Exception as error:
            traceback.print_exc()
            self.failure = error_answer(error)

    def invoke(self, body, *, content_type=None, accept=None, headers=None, context=None):
        if context is not None:
            return self._answers([Request(body, content_type, accept, headers or {})], context)[0]
        return self.invoke_batch([Request(body, content_type, accept, headers or {})])[0]

    def invoke_batch(self, requests: Sequence[Request]) -> list[Answer]:
        self._context.begin([one.headers for one in requests], [one.request_id for one in requests])
        return self._answers(requests, self._context)

    def _load(self) -> None:
        manifest = archive.read_manifest(self._model_dir)
        mms = archive.is_mms(manifest)
        self._decode = self._environ.get("MMS_DECODE_INPUT_REQUEST" if mms else "TS_DECODE_INPUT_REQUEST", "true") == "true"
        context = self._context
        context.manifest = manifest
        context.model_yaml_config = archive.read_model_config(self._model_dir, manifest)
        self._metrics_class = metrics.MmsMetrics if mms else metrics.Metrics
        context.metrics = self._metrics_class(model_name=context.model_name)
        name = self._environ.get("SAGEMAKER_HANDLER") or manifest["model"].get("handler")
        if not name:
            raise ValueError("MAR-INF/MANIFEST.json: the model names no handler")
        _, entry = archive.find_handler(self._model_dir, name, self._environ)
        self._handle = self._start(entry)
        envelope = self._environ.get("TS_SERVICE_ENVELOPE")
        if envelope:
            from .torch_handler.envelope import envelope_of

            self._handle = envelope_of(envelope)(self._handle).handle
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
        context.metrics = self._metrics_class(context.request_ids, context.model_name)
        try:
            data = [parts.request_parts(one.body, one.content_type, self._decode) for one in requests]
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
        if not isinstance(results, (list, tuple)):
            print(f"clary: the handler returned {type(results).__name__}, not a list", file=sys.stderr)
            return _refusals(requests, 503, "Invalid model predict output")
        if len(results) != len(requests):
            print(f"clary: the handler returned {len(results)} results for {len(requests)} requests", file=sys.stderr)
            return _refusals(requests, 503, "number of batch response mismatched")
        return [_answer(result, index, context) for index, result in enumerate(results)]


def _answer(result, index: int, context: Context) -> Answer:
    content_type = context.get_response_content_type(index)
    if isinstance(result, (bytes, bytearray)):
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
    body = json.dumps({"code": status, "type": "InternalServerException", "message": message}, indent=2) + "\n"
    return Answer(status, "application/json", body.encode("utf-8"), one_line(message))


def _refusals(requests: Sequence[Request], status: int, message: str) -> list[Answer]:
    return [_refusal(status, message)] * len(requests)
