"""FastAPI behind uvicorn, two processes."""

from .peer import Peer, Place


def command(place: Place) -> list[str]:
    return [place.program("uvicorn"), "fastapi_app:app", "--app-dir", str(place.served), "--host", "127.0.0.1", "--port",
            str(place.port), "--workers", "2", "--log-level", "warning", "--no-access-log"]


PEERS = [Peer("FastAPI", "fastapi", ("fastapi==0.165.0", "uvicorn[standard]==0.54.0"), command,
              remark="two uvicorn processes, uvloop and httptools")]
