// Messages of application/vnd.amazon.eventstream, in which a streaming operation answers. Pure; any
// thread.
//
//   total length | length of the fields | CRC32 of both | fields | payload | CRC32 of all before
//
// Numbers are big-endian, of four bytes. A field: length of its name (one byte), name, type 7
// (text), length of its value (two bytes), value.
// Source: smithy.io, "Amazon Event Stream Specification".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/document.h"

namespace clary::wire {

inline constexpr std::string_view kEventStreamType = "application/vnd.amazon.eventstream";

using EventField = std::pair<std::string_view, std::string_view>;

// name: of 1 to 255 bytes; value: of at most 65,535.
std::string event_message(std::span<const EventField> fields, std::string_view payload);

// An event whose payload is bytes: "PayloadPart".
std::string bytes_event(std::string_view type, std::string_view bytes);
// What ends a stream that has begun: "ModelStreamError".
std::string exception_event(std::string_view type, const Document& members);

}  // namespace clary::wire
