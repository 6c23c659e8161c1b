"""FastAPI's application, run by uvicorn with two processes."""

import os

import handler
from fastapi import FastAPI, Request, Response

app = FastAPI()
model = handler.load(os.environ["SERVED_MODEL"])


@app.get("/ping")
async def ping():
    return {}


@app.post("/invocations")
async def invocations(request: Request):
    return Response(handler.answer(await request.body(), model), media_type="application/json")
