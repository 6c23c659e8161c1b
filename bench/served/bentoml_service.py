"""BentoML's service with two workers. Bodies that are no JSON reach an application that is mounted in it as they came; through
its own API they would be written to a file first."""

import os

import bentoml
import handler
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_loaded = []  # of this worker


async def invocations(request: Request) -> Response:
    return Response(handler.answer(await request.body(), _loaded[0]), media_type="application/json")


@bentoml.asgi_app(Starlette(routes=[Route("/invocations", invocations, methods=["POST"])]))
@bentoml.service(workers=2, traffic={"timeout": 60}, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Served:
    def __init__(self):
        _loaded.append(handler.load(os.environ["SERVED_MODEL"]))
