#include "meta/postgres_sql.h"

#include <utility>

#include "base/text_encoding.h"

namespace clary::meta {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// postgresql://user:password@host: where the password begins and ends; none: an empty one. Rather
// too much than too little: a password may hold what ends the authority of other URLs.
std::string_view password_in(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return {};
  const std::size_t colon = rest.substr(0, at).find(':');
  if (colon == std::string_view::npos) return {};
  return rest.substr(colon + 1, at - colon - 1);
}

}  // namespace

std::string postgres_statement(std::string_view sql) {
  std::string out;
  int count = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '?') {
      out += sql[i];
      continue;
    }
    out += '$';
    if (i + 1 == sql.size() || !is_digit(sql[i + 1])) out += std::to_string(++count);
  }
  return out;
}

std::string postgres_script(std::string_view sql) {
  constexpr std::string_view kIdentity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
  std::string script(sql);
  replace_all(script, "INTEGER PRIMARY KEY AUTOINCREMENT", kIdentity);
  replace_all(script, "INTEGER PRIMARY KEY", kIdentity);
  replace_all(script, "INTEGER", "BIGINT");
  replace_all(script, " TEXT", R"( TEXT COLLATE "C")");
  replace_all(script, " WITHOUT ROWID", "");
  return script;
}

std::string postgres_text(std::string_view text) {
  std::string valid = is_valid_utf8(text) ? std::string(text) : to_valid_utf8(text);
  replace_all(valid, std::string_view("\0", 1), "\xEF\xBF\xBD");
  return valid;
}

std::string shown_url(std::string_view url) {
  const std::string_view password = password_in(url);
  std::string shown(url);
  if (!password.empty()) {  // the colon goes too
    const auto begin = static_cast<std::size_t>(password.data() - url.data()) - 1;
    shown.erase(begin, password.size() + 1);
  }
  return shown.substr(0, shown.find('?'));
}

std::string without_password(std::string text, std::string_view url) {
  replace_all(text, url, shown_url(url));
  replace_all(text, password_in(url), "***");
  return text;
}

}  // namespace clary::meta
