"""Ray Serve, two replicas."""

from .peer import Peer, Place


def command(place: Place) -> list[str]:
    return [str(place.python), str(place.served / "ray_app.py"), str(place.port)]


PEERS = [Peer("Ray Serve", "ray", ("ray[serve]==2.60.0",), command, variables=(("RAY_USAGE_STATS_ENABLED", "0"),),
              remark="two replicas")]
