"""TorchServe's small functions around labels and classes, and the exception with a status that handlers raise."""

import json
import os


class PredictionException(Exception):
    """Answered with error_code and the message."""

    def __init__(self, message, error_code=500):
        super().__init__(message)
        self.message = message
        self.error_code = error_code

    def __str__(self):
        return f"message : {self.message}, error_code : {self.error_code}"


def list_classes_from_module(module, parent_class=None):
    """The classes that the module itself defines; with parent_class, only its subclasses."""
    return [kind for kind in vars(module).values() if isinstance(kind, type)
            and kind.__module__ == module.__name__ and (parent_class is None or issubclass(kind, parent_class))]


def load_label_mapping(mapping_file_path):
    """index_to_name.json: {"0": "cat"} or {"0": ["n02123045", "cat"]} (the last counts), or {"object_type_names": [...]}.
    None when there is no such file. Errors: Exception with a sentence for any other form."""
    if not os.path.isfile(mapping_file_path):
        return None
    with open(mapping_file_path) as file:
        mapping = json.load(file)
    if not isinstance(mapping, dict):
        raise Exception("index_to_name mapping should be in json format")
    if isinstance(mapping.get("object_type_names"), list):
        mapping = {str(index): name for index, name in enumerate(mapping["object_type_names"])}
    names = {key: value[-1] if isinstance(value, list) and value else value for key, value in mapping.items()}
    for key, name in names.items():
        if not isinstance(name, str):
            raise Exception(f"labels in index_to_name must be either str or [str]; {key!r} is {name!r}")
    return names


def map_class_to_label(probs, mapping=None, lbl_classes=None):
    """Per row, {label: probability}. probs: [rows, k]; lbl_classes: [rows, k] class indices, None: 0, 1, 2 ...; without a
    mapping the index is the label."""
    rows = []
    for index, row in enumerate(probs):
        classes = lbl_classes[index] if lbl_classes is not None else range(len(row))
        names = [str(one) if mapping is None else mapping[str(one)] for one in classes]
        rows.append(dict(zip(names, row)))
    return rows
