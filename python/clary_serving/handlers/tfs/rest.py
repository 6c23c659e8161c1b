"""The REST contract of TensorFlow Serving: /v1/models/NAME[/versions/N][:predict|:classify|:regress|/metadata]."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..answer import Answer
from . import examples, json_input, json_output, json_text
from .catalog import Catalog
from .errors import ServingError, answer_of, invalid
from .session import DEFAULT_SIGNATURE

_WHICH = r"(?:/versions/([0-9]+)|/labels/([^/:]+))?"
_CALL = re.compile(rf"/v1/models/([^/:]+){_WHICH}:(classify|regress|predict)", re.IGNORECASE)
_QUESTION = re.compile(rf"/v1/models(?:/([^/:]+))?{_WHICH}(/metadata)?", re.IGNORECASE)
_MOST_VERSION = (1 << 63) - 1


def answer(catalog: Catalog, method: str, path: str, body) -> Answer:
    """path: without a query. What a request does wrong is an answer; a version that cannot be loaded raises."""
    try:
        return Answer(200, "application/json", _body(catalog, method, unquote(path), body))
    except ServingError as error:
        return answer_of(error)


def _body(catalog: Catalog, method: str, path: str, body) -> bytes:
    call = _CALL.fullmatch(path) if method == "POST" else None
    if call:
        name, version, label, verb = call.groups()
        return _call(catalog, name, _version(version, label), verb.lower(), body)
    question = _QUESTION.fullmatch(path) if method == "GET" else None
    if not question:
        raise invalid("Malformed request: ", method, " ", path)
    name, version, label, metadata = question.groups()
    if not name:
        raise ServingError("Missing model name in request.")
    number = _version(version, label)
    return catalog.metadata(name, number) if metadata else catalog.status(name, number)


def _version(version: str | None, label: str | None) -> int | None:
    if label is not None:
        raise invalid("Unrecognized servable version label: ", label)  # no label is ever given here
    if version is None:
        return None
    if int(version[:20]) > _MOST_VERSION:
        raise invalid("Failed to convert version: ", version, " to numeric.")
    return int(version)


def _call(catalog: Catalog, name: str, version: int | None, verb: str, body) -> bytes:
    document = json_text.parse(body)
    signature_name = json_text.signature_name(document, DEFAULT_SIGNATURE)
    model = catalog.model(name, version)
    if verb != "predict":
        return (examples.classify if verb == "classify" else examples.regress)(model, signature_name, document)
    signature = model.signatures.get(signature_name)
    if signature is None:
        raise invalid('Serving signature name: "', signature_name, '" not found in signature def')
    if not signature.inputs:
        raise invalid("Failed to get input map for signature: ", signature_name)
    inputs, by_rows = json_input.tensors_of(document, signature.inputs)
    return (json_output.predictions if by_rows else json_output.columns)(model.run(signature, inputs))
