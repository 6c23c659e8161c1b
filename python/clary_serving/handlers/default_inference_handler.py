"""SageMaker's functions where the user gives none: the base of them, which knows decoders and encoders but no framework."""

from . import content_types, decoder, encoder
from .errors import UnsupportedFormatError

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
    default_accept: what a client gets that does not say what it accepts."""

    default_accept = content_types.JSON

    def default_model_fn(self, model_dir, context=None):
        raise NotImplementedError(_MISSING.format("model_fn"))

    def default_input_fn(self, input_data, content_type, context=None):
        return decoder.decode(input_data, content_type)

    def default_predict_fn(self, data, model, context=None):
        raise NotImplementedError(_MISSING.format("predict_fn"))

    def default_output_fn(self, prediction, accept, context=None):
        return encode_first(prediction, accept)


def is_text(content_type):
    """Whether bodies of the type reach the user's functions as str."""
    return content_type in content_types.UTF8_TYPES
