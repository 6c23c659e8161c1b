"""The class that TorchServe's users derive their handlers from."""

import importlib.util
import os

import torch

from ..labels import list_classes_from_module, load_label_mapping


class BaseHandler:
    """initialize loads the model; handle runs preprocess, inference and postprocess on a list of requests, of which each may
    be overridden. Attributes: model, device, mapping (label names, None without index_to_name.json), manifest, context."""

    def __init__(self):
        self.model = None
        self.mapping = None
        self.device = None
        self.initialized = False
        self.context = None
        self.manifest = None
        self.map_location = None
        self.explain = False
        self.target = 0
        self.model_yaml_config = {}

    def initialize(self, context):
        """The manifest's serializedFile: weights of the only class in its modelFile, or TorchScript where it names none.
        Errors: ValueError, RuntimeError with a sentence."""
        properties = context.system_properties
        on_gpu = torch.cuda.is_available() and properties.get("gpu_id") is not None
        self.map_location = "cuda" if on_gpu else "cpu"
        self.device = torch.device("cuda:{}".format(properties["gpu_id"]) if on_gpu else "cpu")
        self.context, self.manifest = context, context.manifest
        self.model_yaml_config = context.model_yaml_config
        model_dir = properties["model_dir"]
        described = self.manifest["model"]
        file = described.get("serializedFile")
        path = os.path.join(model_dir, file) if file else None
        if described.get("modelFile"):
            self.model = self._load_pickled_model(model_dir, described["modelFile"], path)
            self.model.to(self.device)
        elif path and file.endswith((".pt", ".pth")):
            self.model = self._load_torchscript_model(path)
        else:
            raise ValueError(f"serializedFile {file!r}: BaseHandler loads TorchScript (.pt, .pth), or weights with a modelFile")
        self.model.eval()
        self.mapping = load_label_mapping(os.path.join(model_dir, "index_to_name.json"))
        self.initialized = True

    def _load_torchscript_model(self, model_pt_path):
        return torch.jit.load(model_pt_path, map_location=self.device)

    def _load_pickled_model(self, model_dir, model_file, model_pt_path):
        """An instance of the only class in model_file, with the weights of model_pt_path where there is one."""
        source = os.path.join(model_dir, model_file)
        if not os.path.isfile(source):
            raise RuntimeError("Missing the model.py file")
        spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(model_file))[0], source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        classes = list_classes_from_module(module, torch.nn.Module) or list_classes_from_module(module)
        if len(classes) != 1:
            raise ValueError(f"Expected only one class as model definition. {classes}")
        model = classes[0]()
        if model_pt_path:
            model.load_state_dict(torch.load(model_pt_path, map_location=self.device, weights_only=True))
        return model

    def preprocess(self, data):
        """A tensor of the requests' values, [requests, ...]; each part "data" or "body" must be a list of numbers."""
        rows = [part_of(row) if isinstance(row, dict) else row for row in data]
        return torch.as_tensor(rows, device=self.device)

    def inference(self, data, *args, **kwargs):
        with torch.inference_mode():
            return self.model(data.to(self.device), *args, **kwargs)

    def postprocess(self, data):
        """One result per request."""
        return data.tolist()

    def handle(self, data, context):
        self.context = context
        if self._is_describe():
            return [self.describe_handle()]
        prepared = self.preprocess(data)
        if self._is_explain():
            return self.explain_handle(prepared, data)
        return self.postprocess(self.inference(prepared))

    def explain_handle(self, data_preprocess, raw_data):
        """What get_insights of a derived class says of each request; a request's "target" is the class to be explained."""
        if not hasattr(self, "get_insights"):
            raise NotImplementedError(f"{type(self).__name__} has no get_insights: it explains nothing")
        first = raw_data[0]
        inputs = part_of(first)
        target = first.get("target") or 0
        if isinstance(inputs, dict):
            target = inputs.get("target") or target
        return [self.get_insights(data_preprocess, inputs, target)]

    def describe_handle(self):
        """What a derived class says of itself; None here."""
        return None

    def get_device(self):
        return self.device

    def _is_explain(self):
        return self._asks("explain")

    def _is_describe(self):
        return self._asks("describe")

    def _asks(self, header):
        return bool(self.context and self.context.request_processor
                    and self.context.get_request_header(0, header) == "True")


def part_of(row):
    """The value of a request: the part "data", or else "body"."""
    value = row.get("data")
    return row.get("body") if value is None else value
