"""SageMaker's functions of a PyTorch model where the user gives none."""

import os
import zipfile

from . import content_types, decoder
from .default_inference_handler import DefaultInferenceHandler, encode_first, is_text
from .v2_tensors import V2Error


class ModelLoadError(Exception):
    """A model file that is not there, or not TorchScript."""


def device_of(context):
    """The GPU that the context names, or the CPU."""
    import torch

    gpu = context.system_properties.get("gpu_id") if context is not None else None
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda" if gpu is None else f"cuda:{gpu}")


def numeric_tensor(array):
    """array: of JSON or CSV. Returns: float32 of the same shape; a single number has no axis. Columns of whole and of decimal
    numbers side by side become one float matrix. Errors: torch's own TypeError for what is not numeric."""
    import numpy
    import torch

    if array.dtype.names and all(array.dtype[name].kind in "biuf" for name in array.dtype.names):
        array = numpy.stack([array[name].astype(numpy.float32) for name in array.dtype.names], axis=-1)
    if array.dtype.kind in "biuf":
        array = array.astype(numpy.float32)
    return torch.from_numpy(array)


class DefaultPytorchInferenceHandler(DefaultInferenceHandler):
    platform = "pytorch"

    def __init__(self):
        self._ready = None  # the model that has been moved to its device
        self._device = None

    def _place(self, context):
        """The device, found once."""
        if self._device is None:
            self._device = device_of(context)
        return self._device

    def default_model_fn(self, model_dir, context=None):
        """model.pt, else the only other TorchScript file at the top of model_dir; on the context's device."""
        import torch

        path = os.path.join(model_dir, "model.pt")
        if not os.path.exists(path):
            found = [name for name in sorted(os.listdir(model_dir)) if _is_torchscript(os.path.join(model_dir, name))]
            if len(found) != 1:
                raise ModelLoadError(f"Exactly one .pth or .pt file is required for PyTorch models: {found}")
            path = os.path.join(model_dir, found[0])
        try:
            return torch.jit.load(path, map_location=self._place(context))
        except RuntimeError as error:
            raise ModelLoadError(f"Failed to load {path}. Please ensure model is saved using torchscript.") from error

    def default_input_fn(self, input_data, content_type, context=None):
        """A tensor: float32 of JSON and CSV, the array's own type of NPY; on the context's device."""
        import torch

        array = decoder.decode(input_data, content_type)
        tensor = numeric_tensor(array) if is_text(content_type) else torch.from_numpy(array)
        return tensor.to(self._place(context))

    def default_predict_fn(self, data, model, context=None):
        import torch

        if model is not self._ready:  # Module.to returns the module itself
            self._ready = model.to(self._place(context)) if hasattr(model, "to") else model
        if getattr(model, "training", False):
            model.eval()
        if isinstance(data, torch.Tensor):
            data = data.to(self._place(context))
        with torch.no_grad():
            return model(data)

    def default_output_fn(self, prediction, accept, context=None):
        """Tensors become lists first; CSV is bytes. The response's Content-Type stays what the client accepts."""
        import torch

        if isinstance(prediction, torch.Tensor):
            prediction = prediction.detach().cpu().tolist()
        encoded, form = encode_first(prediction, accept)
        return encoded.encode("utf-8") if form == content_types.CSV else encoded

    def tensor_input(self, inputs, context):
        import torch

        array = super().tensor_input(inputs, context)
        if array.dtype.kind not in "biuf":
            raise V2Error("a PyTorch model takes numbers, not BYTES")
        return torch.from_numpy(array).to(self._place(context))

    def tensor_model(self, name, model, predict, context):
        return super().tensor_model(name, model, lambda data: _on_cpu(predict(data)), context)


def _on_cpu(value):
    """Tensors wherever they stand in the value, as numpy's arrays."""
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if isinstance(value, dict):
        return {key: _on_cpu(one) for key, one in value.items()}
    return [_on_cpu(one) for one in value] if isinstance(value, (tuple, list)) else value


def _is_torchscript(path):
    """Whether a file is a TorchScript archive; torch.save writes archives too, but without code."""
    if not path.endswith((".pt", ".pth")) or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())
