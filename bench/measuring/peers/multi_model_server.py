"""Multi Model Server, two workers."""

import shutil
import subprocess

from .peer import Peer, Place
from .ports import low_port


def _archive(place: Place) -> None:
    files = place.folder / "files"
    files.mkdir()
    for path in (place.served / "service.py", place.model / "name", place.model / "weights.pth"):
        shutil.copy(path, files)
    subprocess.run([place.program("model-archiver"), "--model-name", "served", "--model-path", files, "--handler",
                    "service:handle", "--export-path", place.folder], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def command(place: Place) -> list[str]:
    _archive(place)
    settings = {"inference_address": f"http://127.0.0.1:{place.port}", "management_address": f"http://127.0.0.1:{low_port()}",
                "default_workers_per_model": 2, "job_queue_size": 1000}
    (place.folder / "config.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return [place.program("multi-model-server"), "--foreground", "--mms-config", str(place.folder / "config.properties"),
            "--model-store", str(place.folder), "--models", "served=served.mar"]


PEERS = [Peer("Multi Model Server", "multi-model-server",
              ("multi-model-server==1.1.11", "model-archiver==1.0.3", "setuptools<81"), command, "/predictions/served",
              ("java",), remark="two workers")]
