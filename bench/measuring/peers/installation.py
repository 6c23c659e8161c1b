"""Environments of the peers, made by pip in a folder that is kept: one with torch and numpy, and one beside it for each peer."""

import os
import pathlib
import shutil
import subprocess

from .peer import Peer

BASE = ("torch==2.13.0", "numpy==2.4.6")
INSTALL_SECONDS = 1800


class NotInstalled(Exception):
    """Why a peer cannot be measured here, in a sentence."""


def default_folder() -> pathlib.Path:
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "clary-bench"


class Installation:
    """folder: kept from run to run, outside the repository. python: the interpreter that environments are made of."""

    def __init__(self, folder: pathlib.Path, python: str):
        self._folder, self._python = folder, python
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> pathlib.Path:
        return self._folder

    def base(self) -> pathlib.Path:
        """The Python that has torch and numpy and nothing else."""
        return self._make("base", BASE, None)

    def python_of(self, peer: Peer) -> pathlib.Path:
        """NotInstalled: with what pip said."""
        for program in peer.programs:
            if not shutil.which(program):
                raise NotInstalled(f"{program} is not installed")
        return self._make(peer.environment, peer.packages, self.base())

    def _make(self, name: str, packages: tuple[str, ...], base: pathlib.Path | None) -> pathlib.Path:
        folder = self._folder / name
        python, record = folder / "bin/python", folder / "packages.txt"
        wanted = "\n".join(packages) + "\n"
        if record.exists() and record.read_text() == wanted:
            return python
        print(f"  pip installs {name}: {' '.join(packages)}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        self._run([self._python, "-m", "venv", str(folder)], name)
        if base:
            self._share(base, python)
        self._run([str(python), "-m", "pip", "install", *packages], name)
        record.write_text(wanted)
        return python

    def _share(self, base: pathlib.Path, python: pathlib.Path) -> None:
        """What the base has can be imported here too, after what is installed here."""
        paths = [subprocess.run([each, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                                stdout=subprocess.PIPE, text=True).stdout.strip() for each in (base, python)]
        (pathlib.Path(paths[1]) / "zz_base.pth").write_text(paths[0] + "\n")

    def _run(self, command: list[str], name: str) -> None:
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NotInstalled(f"pip had not installed {name} after {INSTALL_SECONDS} s") from error
        (self._folder / f"{name}.log").write_text(done.stdout)
        if done.returncode:
            errors = [line for line in done.stdout.splitlines() if "error" in line.lower()] or done.stdout.splitlines()
            raise NotInstalled(f"pip cannot install {name}: {errors[-1].strip()[:200] if errors else 'no word'}")
