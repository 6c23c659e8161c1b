"""Packs the demo's images into the few tar files that become its channels, members <class>/<name>.jpg."""

import pathlib
import shutil
import sys
import tarfile

PER_TAR = 10_000  # images: about 15 MB, one upload each


class ChannelWriter:
    """Writes folder/images-0.tar, images-1.tar, ... of PER_TAR images each."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._archive: tarfile.TarFile | None = None
        self.count = 0
        folder.mkdir(parents=True)

    def add(self, member: tarfile.TarInfo, content) -> None:
        if self.count % PER_TAR == 0:
            self.close()
            self._archive = tarfile.open(self._folder / f"images-{self.count // PER_TAR}.tar", "w")
        assert self._archive is not None
        self._archive.addfile(member, content)
        self.count += 1

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()


def pack_committed(archive_path: pathlib.Path, target: pathlib.Path) -> dict[str, int]:
    """The images that come with the repository; the number of each channel."""
    writers: dict[str, ChannelWriter] = {}
    with tarfile.open(archive_path) as archive:
        for member in archive:
            channel, _, member.name = member.name.partition("/")
            if channel not in writers:
                writers[channel] = ChannelWriter(target / channel)
            writers[channel].add(member, archive.extractfile(member))
    for writer in writers.values():
        writer.close()
    return {channel: writer.count for channel, writer in writers.items()}


def pack_folder(folder: pathlib.Path, target: pathlib.Path) -> dict[str, int]:
    """The JPEGs of folder/{train,test}/<class>/; the number of each channel."""
    counts = {}
    for channel in ("train", "test"):
        files = sorted((folder / channel).glob("*/*.jp*g"), key=lambda path: (path.name, path.parent.name))
        if not files:
            sys.exit(f"demo: no images in {folder / channel}/<class>/*.jpg")
        writer = ChannelWriter(target / channel)
        for path in files:
            member = tarfile.TarInfo(f"{path.parent.name}/{path.name}")
            member.size = path.stat().st_size
            with path.open("rb") as content:
                writer.add(member, content)
        writer.close()
        counts[channel] = writer.count
    return counts


def pack(folder: pathlib.Path | None, target: pathlib.Path) -> dict[str, int]:
    shutil.rmtree(target, ignore_errors=True)
    if folder is not None:
        return pack_folder(folder, target)
    return pack_committed(pathlib.Path(__file__).parent / "images.tar.xz", target)
