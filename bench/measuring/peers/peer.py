"""What is known of a peer: what pip installs, how it is started."""

import dataclasses
import pathlib
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Place:
    """Where one server is started."""

    python: pathlib.Path   # of its environment
    folder: pathlib.Path   # its own, empty; gone after it
    model: pathlib.Path    # what bench/served/make_models.py made
    served: pathlib.Path   # bench/served; its Python finds what is there
    port: int

    def program(self, name: str) -> str:
        return str(self.python.parent / name)


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    environment: str                           # of pip; several peers may share one
    packages: tuple[str, ...]                  # what is in it beside torch and numpy
    command: Callable[[Place], list[str]]      # makes the files it needs, too
    path: str = "/invocations"
    programs: tuple[str, ...] = ()             # that pip does not bring
    variables: tuple[tuple[str, str], ...] = ()
    remark: str = ""
