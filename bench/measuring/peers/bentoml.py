"""BentoML, two workers."""

from .peer import Peer, Place


def command(place: Place) -> list[str]:
    return [place.program("bentoml"), "serve", "bentoml_service:Served", "--working-dir", str(place.served), "--host",
            "127.0.0.1", "--port", str(place.port)]


PEERS = [Peer("BentoML", "bentoml", ("bentoml==1.4.39",), command, variables=(("BENTOML_DO_NOT_TRACK", "True"),),
              remark="two workers; an application mounted in it, for bodies that are no JSON")]
