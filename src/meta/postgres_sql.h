// What PostgreSQL writes otherwise than SQLite. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace clary::meta {

// The shared SQL of a statement: ?3 becomes $3, and the n-th bare ? becomes $n. It holds no '?' in
// quotes.
std::string postgres_statement(std::string_view sql);
// A migration: its types (INTEGER, TEXT, INTEGER PRIMARY KEY), without WITHOUT ROWID. Texts compare
// by their bytes.
std::string postgres_script(std::string_view sql);
// A text as PostgreSQL can keep it: what is not UTF-8, and NUL, becomes U+FFFD.
std::string postgres_text(std::string_view text);
// The URL as people may see it: without its password and its options.
std::string shown_url(std::string_view url);
// The same for a text that may repeat the URL or its password.
std::string without_password(std::string text, std::string_view url);

}  // namespace clary::meta
