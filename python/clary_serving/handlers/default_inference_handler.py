"""SageMaker's functions where the user gives none: the base of them, which knows decoders and encoders but no framework."""

from . import content_types, decoder, encoder
from .errors import UnsupportedFormatError
from .v2_tensors import Model, V2Error

_MISSING = """
Please provide a {0} implementation.
See documentation for {0} at https://sagemaker.readthedocs.io/en/stable/
"""


def encode_first(prediction, accept):
    """The body in the first form among Accept's entries that there is, and that form."""
    for entry in accept.split(","):
        form = entry.strip()
        if form in encoder.SUPPORTED_CONTENT_TYPES:
            return encoder.encode(prediction, form), form
    raise UnsupportedFormatError(accept)


class DefaultInferenceHandler:
    """The methods take what the user's functions take. Subclasses change those that a framework has an answer for.
    default_accept: what a client gets that does not say what it accepts. platform: as the V2 protocol calls it."""

    default_accept = content_types.JSON
    platform = "python"

    def default_model_fn(self, model_dir, context=None):
        raise NotImplementedError(_MISSING.format("model_fn"))

    def default_input_fn(self, input_data, content_type, context=None):
        return decoder.decode(input_data, content_type)

    def default_predict_fn(self, data, model, context=None):
        raise NotImplementedError(_MISSING.format("predict_fn"))

    def default_output_fn(self, prediction, accept, context=None):
        return encode_first(prediction, accept)

    def tensor_model(self, name, model, predict, context):
        """The model for the V2 protocol. predict: the model's predict_fn, of its data alone. Here: one array in, and an array, a
        list of such or a dict of them out."""
        def run(inputs):
            return named_outputs(predict(self.tensor_input(inputs, context)))

        return Model(name, self.platform, (), (), run)

    def tensor_input(self, inputs, context):
        """What predict_fn gets. inputs: arrays by name."""
        if len(inputs) != 1:
            raise V2Error(f"the model takes one tensor, not {len(inputs)}")
        return next(iter(inputs.values()))


def named_outputs(prediction):
    """Arrays by name: `predict`, or `predict-0` and so on of a tuple or list, or the names of a dict."""
    import numpy

    if isinstance(prediction, dict):
        return {str(key): numpy.asarray(value) for key, value in prediction.items()}
    if isinstance(prediction, (tuple, list)) and prediction and all(hasattr(one, "shape") for one in prediction):
        return {f"predict-{at}": numpy.asarray(one) for at, one in enumerate(prediction)}
    return {"predict": numpy.asarray(prediction)}


def is_text(content_type):
    """Whether bodies of the type reach the user's functions as str."""
    return content_type in content_types.UTF8_TYPES
