"""TorchServe, two workers; once without batches and once with them."""

import functools
import json
import subprocess

from .peer import Peer, Place
from .ports import low_port


def _archive(place: Place) -> None:
    subprocess.run([place.program("torch-model-archiver"), "--model-name", "served", "--version", "1.0", "--handler",
                    place.served / "service.py", "--extra-files", f"{place.model / 'name'},{place.model / 'weights.pth'}",
                    "--export-path", place.folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def command(place: Place, most: int) -> list[str]:
    _archive(place)
    model = {"defaultVersion": True, "marName": "served.mar", "minWorkers": 2, "maxWorkers": 2, "batchSize": most,
             "maxBatchDelay": 2, "responseTimeout": 120}
    settings = {
        "inference_address": f"http://127.0.0.1:{place.port}", "management_address": f"http://127.0.0.1:{low_port()}",
        "metrics_address": f"http://127.0.0.1:{low_port()}", "grpc_inference_port": low_port(),
        "grpc_management_port": low_port(), "job_queue_size": 1000, "disable_token_authorization": "true",
        "model_store": place.folder, "load_models": "served.mar", "models": json.dumps({"served": {"1.0": model}})}
    (place.folder / "config.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return [place.program("torchserve"), "--foreground", "--no-config-snapshots", "--model-store", str(place.folder),
            "--ts-config", str(place.folder / "config.properties"), "--disable-token-auth"]


PACKAGES = ("torchserve==0.12.0", "torch-model-archiver==0.12.0", "setuptools<81", "pyyaml")
PEERS = [
    Peer("TorchServe", "torchserve", PACKAGES, functools.partial(command, most=1), "/predictions/served", ("java",),
         remark="two workers"),
    Peer("TorchServe, batching", "torchserve", PACKAGES, functools.partial(command, most=32), "/predictions/served", ("java",),
         remark="two workers, up to 32 requests a batch, 2 ms"),
]
