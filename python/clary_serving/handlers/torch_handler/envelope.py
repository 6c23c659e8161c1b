"""Request envelopes: what stands around the values of a request, taken off before the handler and put on after it."""

from .base_handler import part_of


class BaseEnvelope:
    """handle_fn: the handler's handle(data, context)."""

    def __init__(self, handle_fn):
        self._handle_fn = handle_fn
        self.context = None

    def handle(self, data, context):
        self.context = context
        return self.format_output(self._handle_fn(self.parse_input(data), context))

    def parse_input(self, data):
        raise NotImplementedError

    def format_output(self, data):
        raise NotImplementedError


class BodyEnvelope(BaseEnvelope):
    """The handler gets the bodies themselves."""

    def parse_input(self, data):
        return [part_of(row) for row in data]

    def format_output(self, data):
        return data


class JSONEnvelope(BaseEnvelope):
    """{"instances": [...]} per request; the handler gets all instances in one list, the client {"predictions": [...]}."""

    def parse_input(self, data):
        import json

        bodies = [part_of(row) for row in data]
        bodies = [json.loads(body) if isinstance(body, (bytes, str)) else body for body in bodies]
        for body in bodies:
            if not isinstance(body, dict) or not isinstance(body.get("instances"), list):
                raise ValueError('the body must be {"instances": [...]}')
        self._lengths = [len(body["instances"]) for body in bodies]
        return [instance for body in bodies for instance in body["instances"]]

    def format_output(self, data):
        if len(data) != sum(self._lengths):
            raise ValueError(f"{len(data)} predictions for {sum(self._lengths)} instances")
        results, start = [], 0
        for length in self._lengths:
            results.append({"predictions": data[start:start + length]})
            start += length
        return results


class KServeEnvelope(JSONEnvelope):
    """As JSONEnvelope; explanations are called so."""

    def format_output(self, data):
        results = super().format_output(data)
        if self.context.get_request_header(0, "explain") == "True":
            return [{"explanations": one["predictions"]} for one in results]
        return results


V2 = "kservev2"  # the V2 inference protocol: service.py speaks it
_KNOWN = {"body": BodyEnvelope, "json": JSONEnvelope, "kserve": KServeEnvelope}


def envelope_of(name):
    """The class of TS_SERVICE_ENVELOPE; None for that of the V2 protocol. Errors: ValueError for one that there is not."""
    if name == V2:
        return None
    if name not in _KNOWN:
        raise ValueError("TS_SERVICE_ENVELOPE={!r}: one of {}".format(name, ", ".join([*_KNOWN, V2])))
    return _KNOWN[name]
