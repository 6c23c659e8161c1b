"""MLServer's runtime with a route of its own for bodies that are no JSON; its workers run it, as they do the V2 protocol's."""

import os
from typing import Annotated

import handler
from fastapi import Body, Response
from mlserver import MLModel
from mlserver.handlers import custom_handler


class Served(MLModel):
    async def load(self) -> bool:
        self._served = handler.load(os.environ["SERVED_MODEL"])
        return True

    @custom_handler(rest_path="/invocations")
    async def invocations(self, body: Annotated[bytes, Body(media_type="application/x-npy")]) -> Response:
        return Response(handler.answer(body, self._served), media_type="application/json")
