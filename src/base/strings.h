// Small text functions. ASCII only where case matters.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace clary {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string replace_all(std::string_view text, std::string_view what, std::string_view with);

// The whole text as a decimal number; nothing when it is anything else or does not fit.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// The candidate with the smallest Levenshtein distance, when that is at most a third of the word's
// length (and ≥ 1): for "did you mean".
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// "64 KiB", "1.5 GiB".
std::string format_bytes(std::uint64_t bytes);
// 'text' in single quotes, safe as one word of a POSIX shell.
std::string shell_quote(std::string_view text);

}  // namespace clary
