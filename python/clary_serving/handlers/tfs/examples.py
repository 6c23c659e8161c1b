"""classify and regress: requests of tf.Example records, for signatures that parse them."""

from __future__ import annotations

import json

from . import json_output
from .errors import FAILED_PRECONDITION, ServingError, invalid
from .json_text import from_base64, is_base64, shown, type_name
from .session import SavedModel, Signature

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
_MOST_WHOLE = (1 << 63) - 1
_MOST_FLOAT = 3.4028234663852886e38


def classify(model: SavedModel, name: str, document: dict) -> bytes:
    """[label, score] pairs per example. Errors: ServingError."""
    signature = _signature(model, name, CLASSIFY, "Expected classification signature method_name to be ")
    if not {"classes", "scores"} & set(signature.outputs):
        raise ServingError('Expected classification signature outputs to contain at least one of "classes" or "scores". Found: '
                           + ", ".join(sorted(signature.outputs)), FAILED_PRECONDITION)
    records = _records(document)
    outputs = _run(model, signature, records)
    classes, scores = outputs.get("classes"), outputs.get("scores")
    for what, one, dtype, kinds in (("classes", classes, "DT_STRING", "OSU"), ("scores", scores, "DT_FLOAT", "f")):
        if one is None:
            continue
        if one.ndim != 2:
            raise invalid("Expected Tensor shape: [batch_size num_classes] but got ", _shape(one))
        if one.dtype.kind not in kinds:
            raise invalid("Expected ", what, " Tensor of ", dtype, ". Got: ", one.dtype)
        if one.shape[0] != len(records):
            raise invalid("Expected ", what, " output batch size of ", len(records), ". Got: ", one.shape[0])
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid("Tensors class and score should match in dim_size(1). Got ", classes.shape[1], " vs. ", scores.shape[1])
    rows = []
    for at in range(len(records)):
        count = (classes if classes is not None else scores).shape[1]
        labels = [_text(label) for label in classes[at].tolist()] if classes is not None else [""] * count
        numbers = json_output.numbers(scores[at]) if scores is not None else ["0.0"] * count
        pairs = (f"[{json.dumps(label, ensure_ascii=False)}, {number}]" for label, number in zip(labels, numbers))
        rows.append("[{}]".format(", ".join(pairs)))
    return json_output.results(rows)


def regress(model: SavedModel, name: str, document: dict) -> bytes:
    """One number per example. Errors: ServingError."""
    signature = _signature(model, name, REGRESS, "Expected a regression signature method_name to be ")
    if "outputs" not in signature.outputs:
        raise ServingError("No regression outputs found in SignatureDef: " + ", ".join(sorted(signature.outputs)),
                           FAILED_PRECONDITION)
    records = _records(document)
    found = _run(model, signature, records)["outputs"]
    if found.ndim != 1 and not (found.ndim == 2 and found.shape[1] == 1):
        raise invalid("Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ", _shape(found))
    if found.shape[0] != len(records):
        raise invalid("Input batch size did not match output batch size: ", len(records), " vs. ", found.shape[0])
    if found.dtype.kind != "f":
        raise invalid("Expected output Tensor of DT_FLOAT.  Got: ", found.dtype)
    return json_output.regressions(json_output.numbers(found))


def _signature(model: SavedModel, name: str, method: str, expected: str) -> Signature:
    signature = model.signatures.get(name)
    if signature is None:
        raise ServingError(f"No signature was found with the name: {name}")
    if signature.method != method:
        raise ServingError(f"{expected}{method}. Was: {signature.method}")
    if len(signature.inputs) != 1:
        raise ServingError("Expected one input Tensor.")
    if "inputs" not in signature.inputs:
        raise ServingError("No inputs found in SignatureDef: " + ", ".join(signature.inputs), FAILED_PRECONDITION)
    return signature


def _run(model: SavedModel, signature: Signature, records: list[bytes]) -> dict[str, object]:
    import numpy

    return model.run(signature, {"inputs": numpy.array(records, dtype=object)})


def _records(document: dict) -> list[bytes]:
    """The examples, each with the features of the context, as protocol buffers."""
    from tensorflow import train

    context = train.Example()
    if "context" in document:
        _fill(context, document["context"])
    examples = document.get("examples")
    if examples is None:
        raise invalid("JSON Value: ", shown(document), " When method is classify, key 'examples' is expected and was not found")
    if not isinstance(examples, list):
        raise invalid("JSON Value: ", shown(document), " Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid("JSON Value: ", shown(document), " 'examples' value is an empty array")
    records = []
    for one in examples:
        example = train.Example()
        example.CopyFrom(context)
        _fill(example, one)
        records.append(example.SerializeToString())
    return records


def _fill(example, value) -> None:
    if not isinstance(value, dict):
        raise invalid("Example must be JSON object but got JSON ", type_name(value))
    for name, content in value.items():
        feature = example.features.feature[name]
        feature.Clear()
        for one in content if isinstance(content, list) else [content]:
            _add(feature, name, one)


def _add(feature, name: str, value) -> None:
    if is_base64(value):
        kind, held = "bytes_list", from_base64(value)
    elif isinstance(value, str):
        kind, held = "bytes_list", value.encode("utf-8", "surrogatepass")
    elif isinstance(value, (bool, int)):
        if not -_MOST_WHOLE - 1 <= value <= _MOST_WHOLE:
            raise invalid("Feature: ", name, " has uint64 element. Only int64 is supported.")
        kind, held = "int64_list", int(value)
    elif isinstance(value, float):
        if _MOST_FLOAT < abs(value) < float("inf"):
            raise invalid("Cannot convert JSON value: ", shown(value), " to float without loss of precision.")
        kind, held = "float_list", value
    else:
        raise invalid("Feature: ", name, " has element with unexpected JSON type: ", type_name(value))
    own = feature.WhichOneof("kind")
    if own not in (None, kind):
        raise invalid("Unexpected element type in feature: ", name, " expecting type: ", own[:-len("_list")])
    getattr(feature, kind).value.append(held)


def _shape(array) -> str:
    return "[" + ",".join(map(str, array.shape)) + "]"


def _text(label) -> str:
    return label.decode("utf-8", "surrogateescape") if isinstance(label, bytes) else str(label)
