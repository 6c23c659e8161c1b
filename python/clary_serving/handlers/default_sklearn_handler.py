"""SageMaker's functions of a scikit-learn model where the user gives none. model_fn must be given."""

import numpy

from . import decoder
from .default_inference_handler import DefaultInferenceHandler, is_text


class DefaultSklearnHandler(DefaultInferenceHandler):
    def default_input_fn(self, input_data, content_type, context=None):
        """float32 of JSON and CSV; an array's own type of NPY; a sparse matrix of NPZ."""
        array = decoder.decode(input_data, content_type)
        return array.astype(numpy.float32) if is_text(content_type) else array

    def default_predict_fn(self, data, model, context=None):
        return model.predict(data)
