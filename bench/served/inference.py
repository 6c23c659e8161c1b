"""SageMaker's functions."""

import handler


def model_fn(model_dir):
    return handler.load(model_dir)


def input_fn(body, content_type):
    return handler.decode(body)


def predict_fn(images, model):
    return handler.predict(images, model)


def output_fn(logits, accept):
    return handler.encode(logits), "application/json"
