"""handle(data, context) of Multi Model Server and of TorchServe: a list of requests in, a list of answers out."""

import handler

_model = None


def handle(data, context):
    global _model
    if _model is None:
        _model = handler.load(context.system_properties["model_dir"])
    if data is None:  # Multi Model Server's call at the start
        return None
    return handler.answer_all([bytes(each.get("body") or each.get("data")) for each in data], _model)
