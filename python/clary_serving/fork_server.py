"""The process that workers are forked from: it imports what the model needs, once, and uses none of it.

Run by the model server as a program: `fork_server.py MODEL_DIR`, with its connection as descriptor 3. One thread, and
no parallel work before a fork: a child of a process that has used OpenMP hangs in its first parallel loop.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
import time
import warnings

if __name__ == "__main__":
    # The script's own folder would let `import handlers` find Clary's package in the place of the user's module.
    sys.path[0:1] = []
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from clary_serving import frames, preload, worker  # noqa: E402

CONTROL_DESCRIPTOR = 3
_PR_SET_PDEATHSIG = 1
_LOOK_AGAIN_SECONDS = 0.002
_LIBC = ctypes.CDLL(None, use_errno=True)


class ForkServer:
    def __init__(self, control, model_dir):
        self._control = control
        self._model_dir = model_dir

    def run(self):
        """Until the model server closes its end."""
        while True:
            frame = self._control.receive()
            if frame is None:
                return
            if frame.kind == frames.START:
                self._start()
            elif frame.kind == frames.IS_ENDED:
                pid = int(frame.get("pid"))
                how = self._wait(pid, int(frame.get("wait_ms", "0")) / 1000)
                self._control.send(frames.ENDED, [("pid", str(pid)), ("how", how)])
            else:
                raise frames.FrameError(f"a frame of kind {frame.kind} is not for a fork server")

    def _start(self):
        descriptor = self._control.take_descriptor()
        own_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_worker(descriptor, own_pid)
        os.close(descriptor)
        self._control.send(frames.STARTED, [("pid", str(pid))])

    def _become_worker(self, descriptor, parent):
        status = 1
        try:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(0)  # it ended before it could be asked for the signal
            self._control.close()
            connection = frames.Connection(socket.socket(fileno=descriptor))
            status = worker.run(connection, self._model_dir)
        except SystemExit as end:
            status = _exit_status(end)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            _flush()
            os._exit(status)

    def _wait(self, pid, seconds):
        deadline = time.monotonic() + seconds
        while True:
            try:
                found, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                return "exit 0"
            if found:
                return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
            if time.monotonic() >= deadline:
                return "running"
            time.sleep(_LOOK_AGAIN_SECONDS)


def _exit_status(end):
    """What Python itself would exit with, and say."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    print(end.code, file=sys.stderr)
    return 1


def _flush():
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # nobody reads it any more
            stream.flush()


def main():
    model_dir = sys.argv[1]
    # Threads of OpenBLAS and its like know how to go through a fork; Python cannot tell them from others.
    warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
    control = frames.Connection(socket.socket(fileno=CONTROL_DESCRIPTOR))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    started = time.perf_counter()
    modules = preload.import_known(preload.wanted(model_dir, os.environ))
    with contextlib.suppress(Exception):  # a worker that cannot import it says why
        importlib.import_module("clary_serving.handlers")
    gc.collect()
    gc.freeze()  # a worker's collector leaves these objects, and so their shared pages, alone
    import_us = int((time.perf_counter() - started) * 1e6)
    control.send(frames.PRELOADED, [("import_us", str(import_us)), ("modules", " ".join(modules))])
    ForkServer(control, model_dir).run()


if __name__ == "__main__":
    main()
