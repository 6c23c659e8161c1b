"""A pruned service model and what operations.toml says about it, ready to be printed."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCALARS = {
    "string": "std::string", "character": "std::string", "integer": "std::int64_t", "long": "std::int64_t",
    "double": "double", "float": "double", "boolean": "bool", "timestamp": "TimePoint", "blob": "Document::Blob",
}
KEYWORDS = {"namespace", "delete", "default", "operator", "template", "export", "register", "class", "struct", "enum", "and", "or", "not"}


@dataclass
class Standing:
    """What Clary does with one member."""

    state: str = "carried out"
    note: str = ""
    unless: list[Any] = field(default_factory=list)


@dataclass
class Service:
    name: str
    model: dict[str, Any]
    table: dict[str, Any]

    @property
    def identifier(self) -> str:
        """The name as C++ has it: sagemaker_runtime."""
        return self.name.replace("-", "_")

    @property
    def shapes(self) -> dict[str, Any]:
        return self.model["shapes"]

    @property
    def operations(self) -> dict[str, Any]:
        return self.model["operations"]

    def resources(self) -> dict[str, list[str]]:
        return self.table["resources"]

    def is_request(self, shape: str) -> bool:
        return any(op.get("input", {}).get("shape") == shape for op in self.operations.values())

    def standing(self, shape: str, member: str) -> Standing:
        names = [f"{shape}.{member}"] + ([f"*.{member}"] if self.is_request(shape) else [])
        for name in names:
            if name in self.table.get("inert", {}):
                return Standing("inert", self.table["inert"][name])
            entry = self.table.get("refused", {}).get(name)
            if entry is not None:
                entry = entry if isinstance(entry, dict) else {"sentence": entry}
                return Standing("refused", entry["sentence"], entry.get("unless", []))
        return Standing()

    def check(self) -> None:
        """Every name in the tables must exist: a typo must not carry a member out silently."""
        carried = {name for names in self.resources().values() for name in names}
        assert carried == set(self.operations), f"{self.name}: run tools/update_models"
        for name in [*self.table.get("inert", {}), *self.table.get("refused", {})]:
            shape, member = name.split(".")
            holders = [s for s in self.shapes if shape in ("*", s) and member in self.shapes[s].get("members", {})]
            assert holders, f"operations.toml: [{self.name}] has no member {name}"

    def references(self, name: str) -> list[str]:
        shape = self.shapes[name]
        parts = [shape[part] for part in ("member", "key", "value") if part in shape]
        return [part["shape"] for part in [*parts, *shape.get("members", {}).values()]]

    def closure(self, roots: list[str]) -> list[str]:
        """The shapes that `roots` reach, every shape after those it refers to."""
        done: list[str] = []
        busy: set[str] = set()

        def visit(name: str) -> None:
            if name in done:
                return
            assert name not in busy, f"{self.name}: shape {name} contains itself; boxed members are not generated"
            busy.add(name)
            for reference in self.references(name):
                visit(reference)
            done.append(name)

        for root in roots:
            visit(root)
        return done

    def roots(self, operations: list[str]) -> list[str]:
        sides = [self.operations[op].get(side) for op in operations for side in ("input", "output")]
        return [side["shape"] for side in sides if side]

    def cpp_type(self, name: str) -> str:
        shape = self.shapes[name]
        if shape["type"] == "list":
            return f"std::vector<{self.cpp_type(shape['member']['shape'])}>"
        if shape["type"] == "map":
            return f"wire::Map<{self.cpp_type(shape['value']['shape'])}>"
        return SCALARS.get(shape["type"], name)


def take_bytes_out(shapes: dict[str, Any]) -> None:
    """A payload of bytes or of events is the body itself, never part of the Document, whether or not the model streams it."""
    for shape in shapes.values():
        if "payload" in shape:
            payload = shape["members"][shape["payload"]]
            target = shapes[payload["shape"]]
            if target["type"] == "blob" or target.get("eventstream"):
                payload["streaming"] = True


def load_services(folder: Path = HERE) -> list[Service]:
    tables = tomllib.loads((folder / "operations.toml").read_text())
    services = [Service(name, json.loads((folder / "models" / f"{name}.json").read_text()), table) for name, table in tables.items()]
    for service in services:
        service.check()
        take_bytes_out(service.shapes)
    return services


def snake(name: str) -> str:
    """TrainingJobName → training_job_name, S3OutputPath → s3_output_path, ETag → etag."""
    name = name.replace("SageMaker", "Sagemaker").replace("ETag", "Etag").replace("SSEKMS", "SseKms").replace("SSE", "Sse")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return name + "_" if name in KEYWORDS else name


BRACKETS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
POSIX_CLASSES = {r"\p{ASCII}": r"\x00-\x7F", r"\p{Print}": r"\x20-\x7E", r"\p{Alnum}": "a-zA-Z0-9"}  # Java's names


def pcre_pattern(pattern: str) -> str:
    """Java's dialect, which the models use, in PCRE2's."""
    pattern = re.sub(r"\\u10000-\\u10FFFF", r"\\x{10000}-\\x{10FFFF}", pattern)
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\x{10000}-\x{10FFFF}")
    pattern = re.sub(r"\\uD7FF\\uE000", r"\\x{D7FF}\\x{E000}", pattern)
    pattern = re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", pattern)
    for name, characters in POSIX_CLASSES.items():
        pattern = re.sub(BRACKETS, lambda one: one[0].replace(name, characters), pattern)  # noqa: B023
        pattern = pattern.replace(name, f"[{characters}]")
    return pattern


def literal(text: str) -> str:
    """A C++ string literal of ASCII text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert escaped.isascii(), text
    return f'"{escaped}"'
