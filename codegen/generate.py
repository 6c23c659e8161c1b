#!/usr/bin/env python3
"""Writes the typed API: structs, codecs, shape tables, operation tables. Run by CMake at build time.

generate.py --list           prints the names of the files it would write, for CMake
generate.py --out FOLDER     writes them
generate.py --inputs FOLDER  reads operations.toml and models/ there; the golden test's own: golden/
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from model import HERE, Service, load_services
from print_tables import service_header, service_source
from print_types import NOTICE, header, source


def service_files(service: Service) -> dict[str, str]:
    """File name → text, for one service: one pair per resource, one for shapes that resources share, one for the tables."""
    reached = {resource: service.closure(service.roots(names)) for resource, names in service.resources().items()}
    uses = Counter(name for names in reached.values() for name in names)
    shared = [name for name in service.closure(service.roots(sorted(service.operations))) if uses[name] > 1]
    files = {
        f"{service.identifier}_service.h": service_header(service),
        f"{service.identifier}_service.cc": service_source(service),
        f"{service.identifier}_shapes.h": header(service, f"Shapes that several resources of {service.name} share.", shared, [], False),
        f"{service.identifier}_shapes.cc": source(service, f"{service.identifier}_shapes", shared, []),
    }
    for resource, names in service.resources().items():
        own = [name for name in reached[resource] if uses[name] == 1]
        files[f"{resource}.h"] = header(service, f"{service.name}: {', '.join(names)}.", own, names, True)
        files[f"{resource}.cc"] = source(service, resource, own, names)
    return files


def all_services(services: list[Service]) -> dict[str, str]:
    names = [service.identifier for service in services]
    head = [NOTICE, "#pragma once", "", "#include <span>", "", '#include "wire/shape.h"', "", "namespace clary::api {", "",
            "// Every service that Clary speaks.", "std::span<const wire::Service* const> services();", "", "}  // namespace clary::api", ""]
    body = [NOTICE, '#include "api/services.h"', "", *[f'#include "api/{name}_service.h"' for name in names], "",
            "namespace clary::api {", "", "std::span<const wire::Service* const> services() {",
            "  static const wire::Service* const all[] = {" + ", ".join(f"&{name}_service()" for name in names) + "};",
            "  return all;", "}", "", "}  // namespace clary::api", ""]
    return {"services.h": "\n".join(head), "services.cc": "\n".join(body)}


def operation_list(services: list[Service]) -> str:
    """Every operation carried out, as types: for what must hold for all of them."""
    resources = [name for service in services for name in service.resources()]
    types = [f"{service.identifier}::{name}" for service in services for name in sorted(service.operations)]
    lines = [NOTICE, "#pragma once", "", *[f'#include "api/{name}.h"' for name in sorted(resources)], "", "namespace clary::api {", "",
             "template <typename... Operations>", "struct OperationList {};", "",
             "using AllOperations = OperationList<" + ",\n                                   ".join(types) + ">;", "",
             "}  // namespace clary::api", ""]
    return "\n".join(lines)


def generate(services: list[Service]) -> dict[str, str]:
    files = all_services(services) | {"operations.h": operation_list(services)}
    for service in services:
        for name, text in service_files(service).items():
            assert name not in files, f"two resources are called {name}"
            files[name] = text
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--inputs", type=Path, default=HERE)
    arguments = parser.parse_args()
    files = generate(load_services(arguments.inputs))
    if arguments.list:
        print(";".join(sorted(files)), end="")
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = arguments.out / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
