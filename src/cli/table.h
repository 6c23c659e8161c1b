// Rows as aligned columns. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clary::cli {

using Row = std::vector<std::string>;

// Columns two spaces apart, each as wide as its widest cell; the last is not padded. Escape
// sequences of colour and the continuation bytes of UTF-8 take no room. header: may be empty.
std::string format_table(const Row& header, const std::vector<Row>& rows);

// Columns that a terminal uses for the text.
std::size_t display_width(std::string_view text);

}  // namespace clary::cli
