// Encoded words of RFC 2047: how a header field carries a text that is not ASCII. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace clary {

// Printable ASCII as it is; any other text as one "=?UTF-8?B?...?=".
std::string to_encoded_words(std::string_view text);

// Every encoded word in UTF-8 or US-ASCII, of either encoding, decoded; blanks between two of them
// vanish. What is not well-formed stays as it is.
std::string from_encoded_words(std::string_view field);

}  // namespace clary
