"""One version of a SavedModel in a session of TensorFlow 1.15 or 2: its signatures, and runs of them by name, as TensorFlow
Serving does it. A session may be used by several threads."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from .errors import INTERNAL, ServingError

DEFAULT_SIGNATURE = "serving_default"
_SERVING_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


class Tensor(NamedTuple):
    """dtype: numpy's name, "string" for bytes. shape: sizes, -1 where any fits; None: any rank."""

    name: str
    tensor: str
    dtype: str
    shape: tuple[int, ...] | None

    @property
    def dtype_text(self) -> str:
        return _SERVING_NAMES.get(self.dtype, self.dtype)


class Signature(NamedTuple):
    name: str
    method: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class SavedModel:
    """threads: of one operation; 0: TensorFlow's choice. Errors: what TensorFlow raises for a folder it cannot read."""

    def __init__(self, folder: str, threads: int = 0):
        import tensorflow as tf

        graph = tf.Graph()
        config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
        config.gpu_options.allow_growth = True
        self._errors = tf.errors.OpError
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        with graph.as_default():
            loaded = tf.compat.v1.saved_model.loader.load(self._session, ["serve"], folder)
        self.signatures = {name: _signature(tf, name, one) for name, one in loaded.signature_def.items()}

    def run(self, signature: Signature, inputs: Mapping[str, object]) -> dict[str, object]:
        """Arrays by the inputs' names -> arrays by the outputs' names, in the order of those. Errors: ServingError."""
        feeds = {signature.inputs[name].tensor: value for name, value in inputs.items()}
        names = sorted(signature.outputs)
        try:
            results = self._session.run([signature.outputs[name].tensor for name in names], feed_dict=feeds)
        except self._errors as error:
            raise ServingError(str(error.message), int(error.error_code)) from None
        except (ValueError, TypeError) as error:  # a shape that the graph rules out before it runs
            raise ServingError(str(error)) from None
        return dict(zip(names, results))


def _signature(tf, name: str, definition) -> Signature:
    return Signature(name, definition.method_name, _tensors(tf, definition.inputs), _tensors(tf, definition.outputs))


def _tensors(tf, described) -> dict[str, Tensor]:
    return {name: _tensor(tf, name, described[name]) for name in sorted(described)}


def _tensor(tf, name: str, info) -> Tensor:
    shape = None if info.tensor_shape.unknown_rank else tuple(int(dim.size) for dim in info.tensor_shape.dim)
    dtype = tf.dtypes.as_dtype(info.dtype).name if info.dtype else "invalid"
    return Tensor(name, info.name, dtype, shape)


def array(values, tensor: Tensor):
    """A numpy array of the tensor's type. Errors: ServingError for a type that JSON has no values for."""
    import numpy

    if tensor.dtype == "string":
        return numpy.array(values, dtype=object)
    try:
        return numpy.asarray(values, dtype=numpy.dtype(tensor.dtype))
    except TypeError:
        raise ServingError(f"Conversion of JSON to type: {tensor.dtype_text} is not possible", INTERNAL) from None
