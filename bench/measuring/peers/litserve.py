"""LitServe, two workers; once without batches and once with them."""

import functools

from .peer import Peer, Place


def command(place: Place, most: int) -> list[str]:
    return [str(place.python), str(place.served / "litserve_app.py"), str(place.port), str(most)]


PACKAGES = ("litserve==0.2.19",)
PEERS = [
    Peer("LitServe", "litserve", PACKAGES, functools.partial(command, most=1), remark="two workers"),
    Peer("LitServe, batching", "litserve", PACKAGES, functools.partial(command, most=32),
         remark="two workers, up to 32 requests a batch, 2 ms"),
]
