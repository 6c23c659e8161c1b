"""SageMaker's functions of an ONNX model where the user gives none; onnxruntime is the environment's."""

from __future__ import annotations

import json
import os

from . import content_types, csv_text, decoder
from .default_inference_handler import DefaultInferenceHandler, encode_first, named_outputs
from .errors import BaseInferenceToolkitError
from .v2_tensors import Model

_TYPES = {"float": "float32", "double": "float64", "float16": "float16", "bool": "bool", "string": "string"}
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class ModelLoadError(Exception):
    """A model file that is not there, or not ONNX."""


class _Tensor:
    """An input or output as the model describes it. shape: -1 where any size fits, None where it does not say."""

    def __init__(self, node):
        inner = node.type[len("tensor("):-1] if node.type.startswith("tensor(") else ""
        self.name, self.dtype = node.name, _TYPES.get(inner, inner) or "object"
        shape = getattr(node, "shape", None)
        self.shape = None if shape is None else tuple(size if isinstance(size, int) else -1 for size in shape)


class DefaultOnnxHandler(DefaultInferenceHandler):
    platform = "onnx_onnxv1"

    def default_model_fn(self, model_dir, context=None):
        """An InferenceSession of model.onnx, else of the only .onnx file at the top of model_dir."""
        path = _model_file(model_dir)
        try:
            import onnxruntime
        except ImportError:
            raise ModelLoadError(f"{os.path.basename(path)}: the environment has no onnxruntime to run it with") from None
        options = onnxruntime.SessionOptions()
        if os.environ.get("OMP_NUM_THREADS", "").isdigit():
            options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
        there = onnxruntime.get_available_providers()
        try:
            return onnxruntime.InferenceSession(path, options, providers=[one for one in _PROVIDERS if one in there])
        except Exception as error:  # the library's own kinds share no base
            raise ModelLoadError(f"{os.path.basename(path)}: {error}") from error

    def default_input_fn(self, input_data, content_type, context=None):
        """An array; a dict of arrays of a JSON object. CSV has two axes: rows and columns."""
        if content_type == content_types.CSV:
            return _rows(input_data)
        if content_type == content_types.JSON:
            import numpy

            data = json.loads(bytes(input_data) if isinstance(input_data, memoryview) else input_data)
            return {name: _array(value) for name, value in data.items()} if isinstance(data, dict) else numpy.array(data)
        return decoder.decode(input_data, content_type)

    def default_predict_fn(self, data, model, context=None):
        """The model's output; a dict of them by their names where there are several."""
        inputs = [_Tensor(node) for node in model.get_inputs()]
        names = [node.name for node in model.get_outputs()]
        results = model.run(names, _feed(data, inputs))
        return results[0] if len(names) == 1 else dict(zip(names, results))

    def default_output_fn(self, prediction, accept, context=None):
        encoded, form = encode_first(prediction, accept) if not isinstance(prediction, dict) else _of_several(prediction, accept)
        return encoded.encode("utf-8") if form == content_types.CSV else encoded

    def tensor_model(self, name, model, predict, context):
        if not hasattr(model, "get_inputs"):
            return super().tensor_model(name, model, predict, context)
        outputs = [_Tensor(node) for node in model.get_outputs()]

        def run(inputs):
            found = predict(inputs)
            return named_outputs(found if isinstance(found, dict) or len(outputs) != 1 else {outputs[0].name: found})

        return Model(name, self.platform, [_Tensor(node) for node in model.get_inputs()], outputs, run)


def _model_file(model_dir):
    path = os.path.join(model_dir, "model.onnx")
    if os.path.exists(path):
        return path
    found = sorted(name for name in os.listdir(model_dir) if name.endswith(".onnx"))
    if len(found) != 1:
        raise ModelLoadError(f"Exactly one .onnx file is required for ONNX models: {found}")
    return os.path.join(model_dir, found[0])


def _rows(text):
    import numpy

    array = csv_text.read(text)
    if array.dtype.names:  # columns of different kinds
        array = numpy.stack([array[name] for name in array.dtype.names], axis=-1)
    text = text if isinstance(text, str) else str(text, "utf-8")
    return array.reshape(sum(1 for line in text.split("\n") if line.strip()), -1) if array.size else array


def _of_several(prediction, accept):
    """Only JSON has room for several outputs."""
    if content_types.JSON in [entry.strip() for entry in accept.split(",")]:
        return encode_first(prediction, content_types.JSON)
    encode_first([], accept)
    raise _refused(f"the model has the outputs {', '.join(prediction)}: only application/json holds several")


def _feed(data, inputs):
    """What the session gets: arrays by name, of the model's types. data: an array for the only input, or a dict."""
    if not isinstance(data, dict):
        if len(inputs) != 1:
            raise _refused(f"the model has the inputs {', '.join(one.name for one in inputs)}: a JSON object of them is wanted")
        data = {inputs[0].name: data}
    known = {one.name: one for one in inputs}
    for name in data:
        if name not in known:
            raise _refused(f"no input {name!r}: the model has {', '.join(known)}")
    for name in known:
        if name not in data:
            raise _refused(f"the input {name!r} is missing")
    return {name: _cast(_array(value), known[name]) for name, value in data.items()}


def _array(value):
    import numpy

    try:
        return numpy.asarray(value)
    except ValueError as error:
        raise _refused(str(error)) from None


def _cast(array, wanted):
    """Errors: 400 where values or shape would not survive."""
    import numpy

    if wanted.dtype == "string":
        if array.dtype.kind not in "USO":
            raise _refused(f"input {wanted.name!r} wants strings, not {array.dtype}")
        found = array.astype(object)
    else:
        dtype = numpy.dtype(wanted.dtype)
        if array.dtype.kind not in {"b": "b", "f": "iuf"}.get(dtype.kind, "iuf"):
            raise _refused(f"input {wanted.name!r} wants {wanted.dtype}, not {array.dtype}")
        with numpy.errstate(all="ignore"):
            found = array.astype(dtype)
        if dtype.kind in "iu" and not (found == array).all():
            raise _refused(f"input {wanted.name!r} wants {wanted.dtype}: a value does not fit")
    if wanted.shape is not None and (len(wanted.shape) != found.ndim or any(
            own not in (-1, size) for own, size in zip(wanted.shape, found.shape))):
        raise _refused(f"input {wanted.name!r} has the shape {list(wanted.shape)}, not {list(found.shape)}")
    return found


def _refused(message):
    return BaseInferenceToolkitError(400, message, "Bad Request")
