#include "meta/database.h"

namespace clary::meta {

Statement& Statement::bind(std::int64_t value) {
  cursor_->bind_integer(value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  cursor_->bind_text(text);
  return *this;
}

Statement& Statement::bind(const std::optional<std::int64_t>& value) {
  if (value) {
    cursor_->bind_integer(*value);
  } else {
    cursor_->bind_null();
  }
  return *this;
}

Status Statement::run() {
  while (true) {
    CLARY_TRY(const bool row, step());
    if (!row) return {};
  }
}

}  // namespace clary::meta
