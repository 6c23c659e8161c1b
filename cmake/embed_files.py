"""Writes a C++ file that holds the given files: embed_files.py OUTPUT FUNCTION ROOT FILE..."""

import sys
from pathlib import Path


def literal(data: bytes) -> str:
    """The bytes as C++ string literals, one per line of the file."""
    lines = data.splitlines(keepends=True) or [b""]
    return "\n    ".join('"' + "".join(escaped(byte) for byte in line) + '"' for line in lines)


def escaped(byte: int) -> str:
    """One byte inside a literal; octal escapes end after three digits, so nothing that follows joins them."""
    if byte in b'"\\' or byte < 32 or byte > 126 or byte == ord("?"):
        return f"\\{byte:03o}"
    return chr(byte)


def main() -> None:
    output, function, root, *files = sys.argv[1:]
    array = "k" + "".join(word.capitalize() for word in function.split("_"))  # of its own in a unity build
    rows = []
    for name in sorted(files):
        data = Path(root, name).read_bytes()
        rows.append(f'    {{"{name}", std::string_view(\n    {literal(data)}, {len(data)})}},')
    text = "\n".join(
        [
            '#include "apps/embedded_files.h"',
            "",
            "namespace clary::apps {",
            "namespace {",
            f"constexpr EmbeddedFile {array}[] = {{",
            *rows,
            "};",
            "}  // namespace",
            f"std::span<const EmbeddedFile> {function}() {{ return {array}; }}",
            "}  // namespace clary::apps",
            "",
        ]
    )
    Path(output).write_text(text)


main()
