"""All peers that serve models."""

from . import bentoml, fastapi, litserve, mlserver, multi_model_server, ray, torchserve
from .peer import Peer

PEERS: list[Peer] = [peer for module in (torchserve, multi_model_server, litserve, bentoml, ray, fastapi, mlserver)
                     for peer in module.PEERS]
