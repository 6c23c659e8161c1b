"""SavedModels without TensorFlow: folders that look like them, and what runs in their place."""

import numpy
from clary_serving.handlers.tfs.errors import ServingError
from clary_serving.handlers.tfs.session import Signature, Tensor

PREDICT = "tensorflow/serving/predict"


class FakeSavedModel:
    """serving_default: y = x / 2 + the folder's number; `pair`: a and b to their sum and, by name, to their text; `words`:
    bytes turned round; `flat`: a number without an axis; `fails`."""

    def __init__(self, folder: str, threads: int = 0):
        self.version = float(folder.rpartition("/")[2])
        self.signatures = {one.name: one for one in (
            _signature("serving_default", {"x": "float32"}, {"y": "float32"}),
            _signature("pair", {"a": "float32", "b": "int64"}, {"sum": "float64", "text_bytes": "string"}),
            _signature("words", {"word": "string"}, {"turned": "string"}),
            _signature("flat", {"x": "float32"}, {"y": "float32"}),
            _signature("fails", {"x": "bool"}, {"y": "bool"}))}

    def run(self, signature, inputs):
        if signature.name == "pair":
            total = inputs["a"].astype("float64") + inputs["b"]
            return {"sum": total, "text_bytes": numpy.array([b"\xff%d" % one for one in inputs["b"]], dtype=object)}
        if signature.name == "words":
            return {"turned": numpy.array([one[::-1] for one in inputs["word"]], dtype=object)}
        if signature.name == "flat":
            return {"y": numpy.float32(inputs["x"].sum())[...]}
        if signature.name == "fails":
            raise ServingError("Out of fuel", 8)
        return {"y": inputs["x"] / numpy.float32(2) + numpy.float32(self.version)}


def _signature(name, inputs, outputs):
    return Signature(name, PREDICT, _tensors(inputs), _tensors(outputs))


def _tensors(described):
    return {name: Tensor(name, name + ":0", dtype, None if name == "x" else (-1,)) for name, dtype in described.items()}


def folder(root, *paths: str) -> str:
    """Paths of SavedModels below a folder, "" for the folder itself."""
    for path in paths:
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path / "saved_model.pb").write_bytes(b"")
    return str(root)
