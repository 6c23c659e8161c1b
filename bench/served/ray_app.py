"""Ray Serve's deployment with two replicas. Argument: port."""

import os
import sys
import time

import handler
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response


@serve.deployment(num_replicas=2, max_ongoing_requests=8, ray_actor_options={"num_cpus": 0.5})
class Served:
    def __init__(self, folder: str):
        self.model = handler.load(folder)

    async def __call__(self, request: Request) -> Response:
        return Response(handler.answer(await request.body(), self.model), media_type="application/json")


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Served.bind(os.environ["SERVED_MODEL"]), route_prefix="/invocations")
    while True:
        time.sleep(3600)
