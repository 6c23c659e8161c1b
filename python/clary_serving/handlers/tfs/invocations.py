"""SageMaker's container around TensorFlow Serving: /invocations without an inference.py. Bodies of JSON, JSON lines and CSV
become TensorFlow Serving's JSON; the custom attributes choose model, version and method."""

from __future__ import annotations

import json
import re
from typing import Mapping

from ..answer import Answer, one_line
from ..context import header
from . import rest
from .catalog import Catalog
from .errors import refusal

CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_JSON = ("application/json", "application/jsonlines", "application/jsons")
_ALREADY = re.compile(r'"(instances|inputs|examples)"\s*:')
_SEVERAL = re.compile(r"[}\]]\s*[\[{]")  # documents with nothing but white space between them
_NUMERIC = re.compile(r'\s*("|[\d.Ee+\-]+)')


def attributes_of(headers: Mapping[str, str]) -> dict[str, str]:
    """tfs-model-name, tfs-model-version and tfs-method among the custom attributes."""
    found = re.findall(r"(tfs-[a-z\-]+)=([^,=]+)", header(headers, CUSTOM_ATTRIBUTES) or "")
    return {name: value.strip() for name, value in found}


def path_of(attributes: Mapping[str, str], default_model: str) -> str:
    path = "/v1/models/" + attributes.get("tfs-model-name", default_model)
    if "tfs-model-version" in attributes:
        path += "/versions/" + attributes["tfs-model-version"]
    return path + ":" + attributes.get("tfs-method", "predict")


def answer(catalog: Catalog, body, content_type: str | None, accept: str | None, headers: Mapping[str, str]) -> Answer:
    if content_type not in (*_JSON, "text/csv"):
        return refusal(415, "Unsupported Media Type: " + (content_type or "Unknown"))
    try:
        text = str(body, "utf-8")
    except UnicodeDecodeError as error:
        return refusal(400, f"JSON Parse error: Invalid encoding in string. at offset: {error.start}")
    asked = from_csv(text) if content_type == "text/csv" else from_json(text)
    path = path_of(attributes_of(headers), catalog.default)
    found = rest.answer(catalog, "POST", path, asked.encode("utf-8"))
    wanted = (accept or "").strip().replace(" ", "").split(",")
    if "application/json" in wanted or "application/jsonlines" in wanted:
        return found._replace(body=found.body.replace(b"\n", b""), content_type=one_line(wanted[0]))
    return found


def from_json(text: str) -> str:
    """As it is where it names instances, inputs or examples; a list of lists is the instances, documents one after the other
    are one instance each, any other document is one."""
    if _ALREADY.search(text) or not text.strip():
        return text
    if _SEVERAL.search(text):
        lines = [line.strip() for line in text.strip().split("\n")]
        if len(lines) > 1:
            return '{{"instances":[{}]}}'.format(",".join(line for line in lines if line))
        return '{"instances":' + text + "}"
    if not re.match(r"\s*\[\s*\[", text):
        text = "[" + text + "]"
    return '{"instances":' + text + "}"


def from_csv(text: str) -> str:
    """A row for each line, a value without a list where there is one column; text where the first cell is neither a number nor
    in quotes."""
    quoted = not _NUMERIC.match(text)
    rows = []
    for line in text.strip().split("\n"):
        line = line.strip()
        if line:
            row = ",".join(json.dumps(cell, ensure_ascii=False) for cell in line.split(",")) if quoted else line
            rows.append(f"[{row}]" if "," in line else row)
    return '{{"instances":[{}]}}'.format(",".join(rows))
