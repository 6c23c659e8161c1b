"""Random values of a botocore shape: seeded, so that a failure comes back."""

import datetime
import random

from botocore.model import Shape

TEXTS = ["a", "job-1", "é ü", "a b+c/d&e=f", "x<y>&\"'", "0", "中文", "tab\tend", "long " * 20]
HEADER_TEXTS = ["a", "text/plain", "b; c=d", "0", "value with spaces"]


class RandomValues:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def of(self, shape: Shape, plain: bool = False) -> object:
        """plain: text that may stand in a header."""
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            return [self.of(shape.member, plain) for _ in range(self.random.randint(1, 3))]
        if kind == "map":
            return {f"key{i}": self.of(shape.value, plain) for i in range(self.random.randint(1, 3))}
        if kind == "string":
            return self.random.choice(getattr(shape, "enum", None) or (HEADER_TEXTS if plain else TEXTS))
        if kind in ("integer", "long"):
            return self.random.choice([0, 1, 7, -3, 2**31 - 1] + ([2**53 + 1] if kind == "long" else []))
        if kind in ("double", "float"):
            return self.random.choice([0.0, 0.5, -1.25, 1e-9, 12345678.875])
        if kind == "boolean":
            return self.random.choice([True, False])
        if kind == "timestamp":
            return datetime.datetime.fromtimestamp(self.random.randint(0, 2_000_000_000), datetime.UTC)
        assert kind == "blob", kind
        return self.random.randbytes(5)

    def structure(self, shape: Shape) -> dict:
        if shape.is_tagged_union:  # exactly one
            name, member = self.random.choice(list(shape.members.items()))
            return {name: self.of(member)}
        out = {}
        for name, member in shape.members.items():
            is_bytes = member.type_name == "blob" or member.serialization.get("eventstream")
            if is_bytes and shape.serialization.get("payload") == name:
                continue  # the body itself
            location = member.serialization.get("location", "")
            if name in shape.required_members or self.random.random() < 0.6:
                out[name] = self.of(member, plain=location.startswith("header"))
        return out


def comparable(value: object) -> object:
    """Instants as epoch seconds, bytes as base64's Latin-1 text, whole floats as they compare equal to ints."""
    if isinstance(value, dict):
        return {name: comparable(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [comparable(entry) for entry in value]
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    return value
