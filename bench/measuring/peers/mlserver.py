"""MLServer, two parallel workers."""

import json

from .peer import Peer, Place
from .ports import low_port


def command(place: Place) -> list[str]:
    settings = {"host": "127.0.0.1", "http_port": place.port, "grpc_port": low_port(), "metrics_port": low_port(),
                "parallel_workers": 2, "debug": False, "environments_dir": str(place.folder / "environments")}
    (place.folder / "settings.json").write_text(json.dumps(settings))
    (place.folder / "model-settings.json").write_text(json.dumps({"name": "served", "implementation": "mlserver_runtime.Served"}))
    return [place.program("mlserver"), "start", str(place.folder)]


PEERS = [Peer("MLServer", "mlserver", ("mlserver==1.7.1", "uvloop<0.22"), command,
              remark="two parallel workers; a route of its own, for bodies that are no JSON")]
