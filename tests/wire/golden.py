"""The golden wire bytes: one request and one reply of every operation, as text that a person can review.

Each file under tests/wire_golden/ is `SERVICE.OPERATION.PROTOCOL.json`: the members, the request as botocore sent it, the
reply as Clary sends it. Written by tools/update_wire_golden only.
"""

import base64
import pathlib

HEX = "hex:"
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "wire_golden"


def text_of(encoded: str) -> list[str]:
    """Lines of a body; one of CBOR as hexadecimal digits."""
    body = base64.b64decode(encoded)
    try:
        return body.decode().splitlines(keepends=True)
    except UnicodeDecodeError:
        return [HEX + body.hex()]


def body_of(lines: list[str]) -> str:
    if lines and lines[0].startswith(HEX):
        return base64.b64encode(bytes.fromhex(lines[0].removeprefix(HEX))).decode()
    return base64.b64encode("".join(lines).encode()).decode()


def cases() -> list[pathlib.Path]:
    return sorted(FOLDER.glob("*.json"))
