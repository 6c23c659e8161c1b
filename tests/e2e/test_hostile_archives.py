"""Archives that want out of their job's folder, or are none: their job fails with a sentence, the server goes on."""

import base64
import io
import tarfile

from training import Training


def archive(*members: tuple[str, str, str]) -> bytes:
    """A tar in gzip: (name, kind, target or text)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, kind, text in (("train.py", "file", "print('ran')"), *members):
            member = tarfile.TarInfo(name)
            member.type = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "device": tarfile.CHRTYPE,
                           "fifo": tarfile.FIFOTYPE}[kind]
            if kind == "file":
                member.size = len(text.encode())
            else:
                member.linkname = text
            tar.addfile(member, io.BytesIO(text.encode()) if kind == "file" else None)
    return out.getvalue()


ARCHIVES = {
    "above": archive(("../escaped", "file", "x")), "far-above": archive(("a/../../../escaped", "file", "x")), "root": archive(("/tmp/escaped", "file", "x")),
    "link-out": archive(("l", "link", "/tmp"), ("l/escaped", "file", "x")), "link-up": archive(("l", "link", "../.."), ("l/escaped", "file", "x")),
    "hard-out": archive(("h", "hard", "/etc/passwd")), "hard-up": archive(("h", "hard", "../../plan.json")), "device": archive(("d", "device", "")),
    "empty": b"", "text": b"not an archive", "gzip-of-text": base64.b64decode("H4sIAAAAAAAAA8vIBACsKpPYAgAAAA=="), "cut": archive(("big", "file", "x" * 100_000))[:120],
    "zip": b"PK\x03\x04" + b"\x00" * 60, "zip-end": b"PK\x05\x06" + b"\x00" * 18, "gzip-head": b"\x1f\x8b\x08", "names": archive(*((f"{n}", "file", "") for n in range(3))),
}


def test_archives_end_their_job_and_nothing_else(fortress):
    training = Training(fortress)
    names = {kind: training.submit(None, name=f"archive-{kind}", archive=text) for kind, text in ARCHIVES.items()}
    ended = {kind: training.wait(name) for kind, name in names.items()}
    assert ended["names"]["TrainingJobStatus"] == "Completed", ended["names"]
    for kind, job in ended.items():
        assert kind == "names" or job["TrainingJobStatus"] == "Failed", kind
        assert kind == "names" or job["FailureReason"].startswith("ClientError: "), (kind, job["FailureReason"])
    assert not list(fortress.data.parent.rglob("escaped"))
    assert fortress.running()
