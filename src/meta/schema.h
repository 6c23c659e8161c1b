// The tables of the metadata and how each format becomes the next: docs/formats/meta.md. Any
// thread.
#pragma once

#include <span>
#include <string_view>

namespace clary::meta {

// One script per format, in the SQL of SQLite, of which postgres_script() knows the words that
// PostgreSQL writes otherwise. A script that was released is never changed.
std::span<const std::string_view> migrations();

}  // namespace clary::meta
