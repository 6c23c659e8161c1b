"""The V2 inference protocol over REST: infer, metadata and readiness of a model whose inputs and outputs are tensors."""

from __future__ import annotations

import json
import traceback

from . import routes
from .answer import Answer, Refused
from .v2_tensors import Model, V2Error, array_of, datatype_of, described, tensor_of


def answer(find, route: routes.Route, body) -> Answer:
    """find: name of a model and version, "" for the one it chooses -> Model; it raises Refused where there is none. What the
    model raises is answered 500."""
    try:
        if route.verb == routes.SERVER:
            return _json({"name": "clary", "version": "1", "extensions": []})
        if not route.model:  # this very process answers
            return _json({"live" if route.verb == routes.LIVE else "ready": True})
        model = find(route.model, route.version)
        if route.verb == routes.READY:
            return _json({"name": route.model, "ready": True})
        if route.verb == routes.METADATA:
            return _json({"name": route.model, "versions": list(model.versions), "platform": model.platform,
                          "inputs": described(model.inputs), "outputs": described(model.outputs)})
        return _json(infer(model, body))
    except Refused as error:
        return refusal(error.status, error.message)
    except Exception as error:
        traceback.print_exc()
        return refusal(500, str(error) or type(error).__name__)


def refusal(status: int, message: str) -> Answer:
    return Answer(status, "application/json", json.dumps({"error": message}).encode("utf-8"))


def request_of(body) -> dict:
    """The object that a request is, as far as the protocol says. Errors: V2Error."""
    try:
        asked = json.loads(bytes(body) if isinstance(body, memoryview) else body)
    except (ValueError, RecursionError) as error:
        raise V2Error(f"the body is no JSON: {error}") from None
    if not isinstance(asked, dict):
        raise V2Error("the body must be a JSON object")
    if not isinstance(asked.get("inputs"), list) or not asked["inputs"]:
        raise V2Error("'inputs' must be a list of tensors")
    if not isinstance(asked.get("id", ""), str):
        raise V2Error("'id' must be a string")
    for key, kind in (("outputs", list), ("parameters", dict)):
        if asked.get(key) is not None and not isinstance(asked[key], kind):
            raise V2Error("'{}' must be {}".format(key, "a list" if kind is list else "an object"))
    for at, one in enumerate(asked["inputs"]):
        if not isinstance(one, dict):
            raise V2Error(f"inputs[{at}] must be an object")
    return asked


def infer(model: Model, body) -> dict:
    """The answer to a request for a model. Errors: V2Error."""
    asked = request_of(body)
    inputs = {}
    for at, one in enumerate(asked["inputs"]):
        array = array_of(f"inputs[{at}]", one)
        if one["name"] in inputs:
            raise V2Error(f"inputs[{at}]: a second tensor {one['name']!r}")
        inputs[one["name"]] = array
    _check(inputs, list(model.inputs))
    wanted = _wanted(asked)
    outputs = model.run(inputs)
    unknown = [name for name in wanted if name not in outputs]
    if unknown:
        raise V2Error(f"no output {unknown[0]!r}: the model has {', '.join(map(repr, outputs))}")
    found = {"model_name": model.name, "model_version": model.version,
             "outputs": [tensor_of(name, outputs[name]) for name in wanted or outputs]}
    return {"id": asked["id"], **found} if "id" in asked else found


def _check(inputs: dict, known: list) -> None:
    """Names, datatypes and shapes against those that the model says."""
    if not known:
        return
    names = [one.name for one in known]
    for name in inputs:
        if name not in names:
            raise V2Error(f"no input {name!r}: the model has {', '.join(map(repr, names))}")
    for one in known:
        if one.name not in inputs:
            raise V2Error(f"the input {one.name!r} is missing")
        array = inputs[one.name]
        dtype = "string" if array.dtype.kind == "O" else str(array.dtype)
        if dtype != one.dtype:
            raise V2Error(f"input {one.name!r} is {datatype_of(one.dtype)}, not {datatype_of(dtype)}")
        if one.shape is not None and (len(one.shape) != array.ndim or any(
                own not in (-1, size) for own, size in zip(one.shape, array.shape))):
            raise V2Error(f"input {one.name!r} has the shape {list(one.shape)}, not {list(array.shape)}")


def _wanted(asked: dict) -> list[str]:
    names = []
    for at, one in enumerate(asked.get("outputs") or []):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise V2Error(f"outputs[{at}]: 'name' must be a string")
        if isinstance(one.get("parameters"), dict) and one["parameters"].get("binary_data"):
            raise V2Error(f"outputs[{at}]: binary data is not spoken here: leave 'binary_data' out")
        names.append(one["name"])
    return names


def _json(value: dict) -> Answer:
    return Answer(200, "application/json", json.dumps(value).encode("utf-8"))
