"""Fork servers and workers as the model server runs them, and connections to them."""

import array
import os
import pathlib
import socket
import subprocess
import sys

from clary_serving import frames

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 20  # of patience with a process


def connections():
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for end in ends:
        end.settimeout(SECONDS)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)  # one thread sends before it receives
    return [frames.Connection(end) for end in ends]


class Workers:
    """A fork server on a model folder, as the model server runs it."""

    expected_status = 0

    def __init__(self, model_dir, **environ):
        ours, theirs = socket.socketpair()
        ours.settimeout(SECONDS)
        # Descriptor 3 in the child: whatever number the socket has here.
        command = ["bash", "-c", f'exec 3<&{theirs.fileno()} && exec "$@"', "bash", sys.executable,
                   str(ROOT / "python/clary_serving/fork_server.py"), str(model_dir)]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env={**os.environ, **environ}, cwd=model_dir)
        theirs.close()
        self._raw = ours
        self.control = frames.Connection(ours)
        self.preloaded = self.control.receive()

    def start(self):
        """A worker's connection, its pid and its first frame."""
        ours, theirs = socket.socketpair()
        ours.settimeout(SECONDS)
        head = bytes([frames.VERSION, frames.START]) + bytes(14)
        self._raw.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
        theirs.close()
        connection = frames.Connection(ours)
        pid = int(self.control.receive().get("pid"))
        return connection, pid, connection.receive()

    def how_ended(self, pid):
        self.control.send(frames.IS_ENDED, [("pid", str(pid)), ("wait_ms", str(SECONDS * 1000))])
        return self.control.receive().get("how")

    def end(self):
        self.control.close()
        return self.process.wait(SECONDS)


def ask(connection, body, content_type="application/json", **more):
    connection.send(frames.REQUEST, [("id", "1"), ("content-type", content_type), *more.items()], body)
    return connection.receive()
