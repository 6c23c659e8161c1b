"""LitServe's server with two workers. Arguments: port, most requests of a batch."""

import os
import sys
from typing import Annotated

import handler
import litserve
from fastapi import Body, Response


class Served(litserve.LitAPI):
    def setup(self, device):
        self.model = handler.load(os.environ["SERVED_MODEL"])

    def decode_request(self, request: Annotated[bytes, Body(media_type="application/x-npy")]):
        return request

    def predict(self, body):
        if isinstance(body, list):
            return handler.answer_all(body, self.model)
        return handler.answer(body, self.model)

    def batch(self, inputs):
        return inputs

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return Response(output, media_type="application/json")


if __name__ == "__main__":
    most = int(sys.argv[2])
    api = Served(api_path="/invocations", **({"max_batch_size": most, "batch_timeout": 0.002} if most > 1 else {}))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=2, timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False, log_level="warning")
