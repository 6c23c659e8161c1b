"""The shared libraries that a model of SDK v3's ModelBuilder brings along. The inference.py that it writes copies the model's
shared_libs/, which is there even when it is empty, to /lib: in a container of its own that is writable, here it is the
machine's. The model server has put the folder on LD_LIBRARY_PATH, so that they are found where they are."""

import functools
import os
import shutil

_FOLDER = "shared_libs"
_SYSTEM = "/lib"


def leave_in_place(model_dir: str) -> None:
    """Makes that one copy do nothing, for the rest of the process; every other copy is as before."""
    if not os.path.isdir(os.path.join(model_dir, _FOLDER)):
        return
    own = os.path.realpath(os.path.join(model_dir, _FOLDER))
    original = shutil.copytree

    @functools.wraps(original)
    def copytree(src, dst, *args, **kwargs):
        if os.fspath(dst) == _SYSTEM and os.path.realpath(src) == own:
            return dst
        return original(src, dst, *args, **kwargs)

    shutil.copytree = copytree
