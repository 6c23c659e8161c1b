"""Prints a service's shape tables and operation table."""

from __future__ import annotations

import json
from typing import Any

from model import Service, literal, pcre_pattern
from print_types import NOTICE

KINDS = {
    "structure": "kStructure", "list": "kList", "map": "kMap", "string": "kString", "character": "kString",
    "integer": "kInteger", "long": "kLong", "double": "kDouble", "float": "kDouble", "boolean": "kBoolean",
    "timestamp": "kTimestamp", "blob": "kBlob",
}
LOCATIONS = {"header": "kHeader", "headers": "kHeaders", "querystring": "kQuery", "uri": "kUri", "statusCode": "kStatus"}
TIMES = {"iso8601": "kIso8601", "unixTimestamp": "kEpochSeconds", "rfc822": "kHttpDate"}


def initialiser(fields: dict[str, str | None]) -> str:
    return "{" + ", ".join(f".{name} = {value}" for name, value in fields.items() if value is not None) + "}"


def value_text(value: Any) -> str:
    return literal(value if isinstance(value, str) else json.dumps(value))


def texts(name: str, values: list[str]) -> str:
    return f"constexpr std::string_view {name}[] = {{{', '.join(values)}}};\n"


def member(service: Service, shape: str, name: str, spec: dict[str, Any]) -> tuple[str, str]:
    """The arrays that the member needs before it, and its initialiser."""
    target = service.shapes[spec["shape"]]
    standing = service.standing(shape, name)
    before, unless = "", None
    if standing.unless:
        unless = f"k{shape}_{name}_unless"
        before = texts(unless, [value_text(value) for value in standing.unless])
    wire_name = spec.get("locationName", name)
    if target.get("flattened") and target["type"] == "list" and "locationName" not in spec:
        wire_name = target["member"].get("locationName", name)
    target_name = f"k{spec['shape']}"
    if spec.get("flattened") and target["type"] == "list" and not target.get("flattened"):
        # Flat in this place only: a shape of its own.
        target_name = f"k{shape}_{name}_shape"
        before += f"constexpr Shape {target_name} = " + initialiser({
            "name": literal(spec["shape"]),
            "kind": "Kind::kList",
            "element": f"&k{target['member']['shape']}",
            "element_name": literal(wire_name),
            "flattened": "true",
        }) + ";\n"
    state = {"carried out": None, "inert": "Standing::kInert", "refused": "Standing::kRefused"}[standing.state]
    return before, initialiser({
        "name": literal(name),
        "wire_name": literal(wire_name),
        "shape": f"&{target_name}",
        "location": f"Location::{LOCATIONS[spec['location']]}" if "location" in spec else None,
        "required": "true" if name in service.shapes[shape].get("required", []) else None,
        "streaming": "true" if spec.get("streaming") else None,
        "xml_attribute": "true" if spec.get("xmlAttribute") else None,
        "xml_namespace": literal(spec["xmlNamespace"]["uri"]) if "uri" in spec.get("xmlNamespace", {}) else None,
        "standing": state,
        "note": literal(standing.note) if standing.note else None,
        "unless": unless,
    })


def shape(service: Service, name: str) -> str:
    spec = service.shapes[name]
    kind = spec["type"]
    before, members = "", None
    if kind == "structure" and spec["members"]:
        rows = [member(service, name, m, s) for m, s in spec["members"].items()]
        members = f"k{name}_members"
        before = "".join(row[0] for row in rows)
        before += f"constexpr Member {members}[] = {{\n" + "".join(f"    {row[1]},\n" for row in rows) + "};\n"
    values = None
    if "enum" in spec:
        values = f"k{name}_values"
        before += texts(values, [literal(value) for value in spec["enum"]])
    element = spec.get("member", spec.get("value"))
    bounded = kind not in ("structure", "boolean", "timestamp")
    return before + f"constexpr Shape k{name} = " + initialiser({
        "name": literal(name),
        "kind": f"Kind::{KINDS[kind]}",
        "members": members,
        "element": f"&k{element['shape']}" if element else None,
        "key": f"&k{spec['key']['shape']}" if kind == "map" else None,
        "element_name": literal(spec["member"].get("locationName", "member")) if kind == "list" else literal("entry") if kind == "map" else None,
        "key_name": literal(spec["key"].get("locationName", "key")) if kind == "map" else None,
        "value_name": literal(spec["value"].get("locationName", "value")) if kind == "map" else None,
        "flattened": "true" if spec.get("flattened") else None,
        "payload": literal(spec["payload"]) if "payload" in spec else None,
        "minimum": str(spec["min"]) if bounded and "min" in spec else None,
        "maximum": str(spec["max"]) if bounded and "max" in spec else None,
        "pattern": literal(pcre_pattern(spec["pattern"])) if "pattern" in spec else None,
        "model_pattern": literal(spec["pattern"]) if "pattern" in spec else None,
        "values": values,
        "time_format": f"TimeFormat::{TIMES[spec['timestampFormat']]}" if "timestampFormat" in spec else None,
    }) + ";\n"


def required_query(spec: dict[str, Any]) -> list[str]:
    """Fields in the path's own query ("?uploads") and required members that travel there."""
    _, _, query = spec["http"]["requestUri"].partition("?")
    own = [part for part in query.split("&") if part and not part.startswith("x-id=")]
    return own + spec.get("required_query", [])


def operation_row(service: Service, name: str) -> tuple[str, str]:
    spec = service.operations.get(name) or service.model["others"][name]
    carried_out = name in service.operations
    before = ""
    fields: dict[str, str | None] = {"name": literal(name), "service": f"&{service.identifier}_service_table"}
    if carried_out:
        fields["carried_out"] = "true"
        for side in ("input", "output"):
            fields[side] = f"&k{spec[side]['shape']}" if side in spec else None
    if "http" in spec and service.model["metadata"]["protocols"][0] in ("rest-xml", "rest-json"):
        fields["method"] = literal(spec["http"]["method"])
        fields["uri"] = literal(spec["http"]["requestUri"].partition("?")[0])
        if spec["http"].get("responseCode", 200) != 200:
            fields["status"] = str(spec["http"]["responseCode"])
        for key, values in (("required_query", required_query(spec)), ("required_headers", spec.get("required_headers", []))):
            if values:
                before += texts(f"k{name}_{key}", [literal(value) for value in values])
                fields[key] = f"k{name}_{key}"
    if name in service.table.get("output_element", {}):
        fields["output_element"] = literal(service.table["output_element"][name])
    if name in service.table.get("unwrapped", {}):
        fields["output_element"] = literal(service.table["unwrapped"][name])
        fields["unwrapped"] = "true"
    if name in service.table.get("refusal_code", {}):
        fields["refusal_code"] = literal(service.table["refusal_code"][name])
    return before, initialiser(fields)


def service_source(service: Service) -> str:
    metadata = service.model["metadata"]
    names = sorted([*service.operations, *service.model["others"]])
    rows = [operation_row(service, name) for name in names]
    protocol = {"json": "kJson", "query": "kQuery", "rest-xml": "kRestXml", "rest-json": "kRestJson"}
    spoken = [p for p in metadata["protocols"] if p in protocol]
    lines = [NOTICE, f'#include "api/{service.identifier}_service.h"', "", "namespace clary::api {", "namespace {", "",
             "using namespace clary::wire;  // NOLINT: tables of nothing but its names", "",
             "extern const Service " + f"{service.identifier}_service_table;", ""]
    lines += [shape(service, name) for name in service.closure(service.roots(sorted(service.operations)))]
    lines += [row[0] for row in rows]
    lines += ["const Operation kOperations[] = {", *[f"    {row[1]}," for row in rows], "};", ""]
    lines += [f"const Service {service.identifier}_service_table = " + initialiser({
        "name": literal(service.name),
        "signing_name": literal(service.table["signing_name"]),
        "protocol": f"Protocol::{protocol[spoken[0]]}",
        "also_query": "true" if "query" in spoken[1:] else None,
        "also_cbor": "true" if "smithy-rpc-v2-cbor" in metadata["protocols"] else None,
        "json_version": literal(metadata["jsonVersion"]) if "jsonVersion" in metadata else None,
        "target_prefix": literal(metadata["targetPrefix"]) if "targetPrefix" in metadata else None,
        "api_version": literal(metadata["apiVersion"]),
        "xml_namespace": literal(metadata["xmlNamespace"]) if isinstance(metadata.get("xmlNamespace"), str) else literal("http://s3.amazonaws.com/doc/2006-03-01/") if service.name == "s3" else None,
        "operations": "kOperations",
    }) + ";", "", "}  // namespace", "",
        f"const wire::Service& {service.identifier}_service() {{ return {service.identifier}_service_table; }}", "",
        "}  // namespace clary::api", ""]
    return "\n".join(lines)


def service_header(service: Service) -> str:
    return "\n".join([NOTICE, "#pragma once", "", '#include "wire/shape.h"', "", "namespace clary::api {", "",
                      f"const wire::Service& {service.identifier}_service();", "", "}  // namespace clary::api", ""])
