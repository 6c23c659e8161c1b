"""What an archive and the files beside it say about how a model is to be served: config.properties of TorchServe or Multi Model
Server, and the frontend's part of model-config.yaml."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Mapping, NamedTuple

FILE = "config.properties"
# Of the server around the workers, which takes them from its options: the name there.
_OF_THE_SERVER = {"minWorkers": "--workers", "maxWorkers": "--workers", "batchSize": "SAGEMAKER_TS_BATCH_SIZE",
                  "responseTimeout": "--timeout", "startupTimeout": "SAGEMAKER_STARTUP_TIMEOUT",
                  "maxBatchDelay": "batches form by themselves, without a delay"}
_PROPERTIES = {"default_workers_per_model": "minWorkers", "batch_size": "batchSize", "max_batch_delay": "maxBatchDelay",
               "default_response_timeout": "responseTimeout", "default_startup_timeout": "startupTimeout"}
_DEVICES = ("cpu", "gpu")


class Settings(NamedTuple):
    """envelope: "" for none. decode: whether bodies of JSON and text are decoded. device: "cpu", "gpu", or "" for the worker's
    own. numbers: minWorkers, maxWorkers, batchSize, maxBatchDelay (ms), responseTimeout and startupTimeout (s), as far as they
    are given."""

    envelope: str
    decode: bool
    device: str
    limit_max_image_pixels: bool
    numbers: Mapping[str, int]


def of(model_dir: str, model_name: str, version: str, config: Mapping[str, Any], environ: Mapping[str, str],
       mms: bool) -> Settings:
    """Variables come before model-config.yaml, and that before config.properties. Errors: ValueError with a sentence."""
    properties = _properties(model_dir)
    numbers = {}
    for name, key in _PROPERTIES.items():
        if name in properties:
            numbers[key] = _number(FILE, name, properties[name])
    numbers.update(_of_models(properties.get("models"), model_name, version))
    numbers.update({key: _number("model-config.yaml", key, config[key]) for key in _OF_THE_SERVER if key in config})
    device = str(config.get("deviceType") or "")
    if device and device not in _DEVICES:
        raise ValueError(f"model-config.yaml: deviceType {device!r}: one of {', '.join(_DEVICES)}")
    decode = environ.get("MMS_DECODE_INPUT_REQUEST" if mms else "TS_DECODE_INPUT_REQUEST")
    return Settings(
        environ.get("TS_SERVICE_ENVELOPE") or properties.get("service_envelope", ""),
        (decode or properties.get("decode_input_request", "true")) == "true", device,
        properties.get("limit_max_image_pixels", "true") == "true", numbers)


def tell_of_the_servers(numbers: Mapping[str, int]) -> None:
    """A line of the log for what is said to the server around the workers, which it takes from elsewhere."""
    for name, value in numbers.items():
        print(f"clary: {name}={value} of the archive's configuration is not taken from there: {_OF_THE_SERVER[name]}",
              file=sys.stderr)


def _properties(model_dir: str) -> dict[str, str]:
    path = os.path.join(model_dir, FILE)
    if not os.path.isfile(path):
        return {}
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read().replace("\\\r\n", "").replace("\\\n", "")
    found = {}
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.lstrip().startswith(("#", "!")):
            found[name.strip()] = value.strip()
    return found


def _of_models(text: str | None, model_name: str, version: str) -> dict[str, int]:
    """The part of `models={"NAME": {"VERSION": {...}}}` that is of this model."""
    if not text:
        return {}
    try:
        versions = json.loads(text).get(model_name, {})
        described = versions.get(version) or next(iter(versions.values()), {})
        return {key: _number(FILE, key, described[key]) for key in _OF_THE_SERVER if key in described}
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{FILE}: models: {error}") from None


def _number(file: str, name: str, value) -> int:
    try:
        found = int(value)
    except (TypeError, ValueError):
        found = -1
    if found < 0 or isinstance(value, (bool, float)):
        raise ValueError(f"{file}: {name}={value!r}: a whole number is wanted")
    return found
