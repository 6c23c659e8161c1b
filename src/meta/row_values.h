// Values as rows keep them: instants as columns, pairs and texts as JSON. Any thread; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "meta/database.h"

namespace clary::meta {

// Microseconds since 1970-01-01 UTC.
std::int64_t to_column(TimePoint time);
std::optional<std::int64_t> to_column(const std::optional<TimePoint>& time);
TimePoint time_of(std::int64_t column);
std::optional<TimePoint> time_of(const Statement& row, int column);

using TextPairs = std::vector<std::pair<std::string, std::string>>;
Document pairs_document(const TextPairs& pairs);
// A member that is absent, or none of these, reads as empty.
TextPairs read_pairs(const Document& document, std::string_view member);
std::vector<std::string> read_texts(const Document& document, std::string_view member);
// The elements of an array.
const Document::Array& read_array(const Document& document, std::string_view member);

}  // namespace clary::meta
