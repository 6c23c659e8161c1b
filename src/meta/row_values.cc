#include "meta/row_values.h"

namespace clary::meta {

std::int64_t to_column(TimePoint time) { return time.time_since_epoch().count(); }

std::optional<std::int64_t> to_column(const std::optional<TimePoint>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}

TimePoint time_of(std::int64_t column) { return TimePoint(Duration(column)); }

std::optional<TimePoint> time_of(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(time_of(row.integer(column)));
}

Document pairs_document(const TextPairs& pairs) {
  Document list = Document::array();
  for (const auto& [name, value] : pairs) list.push(Document::array({name, value}));
  return list;
}

const Document::Array& read_array(const Document& document, std::string_view member) {
  static const Document::Array kEmpty;
  const Document* list = document.find(member);
  return list == nullptr || !list->is_array() ? kEmpty : *list->as_array();
}

TextPairs read_pairs(const Document& document, std::string_view member) {
  TextPairs pairs;
  for (const Document& pair : read_array(document, member)) {
    const Document::Array* both = pair.as_array();
    if (both == nullptr || both->size() != 2) continue;
    const std::string* name = (*both)[0].as_string();
    const std::string* value = (*both)[1].as_string();
    if (name != nullptr && value != nullptr) pairs.emplace_back(*name, *value);
  }
  return pairs;
}

std::vector<std::string> read_texts(const Document& document, std::string_view member) {
  std::vector<std::string> texts;
  for (const Document& text : read_array(document, member)) {
    if (text.as_string() != nullptr) texts.push_back(*text.as_string());
  }
  return texts;
}

}  // namespace clary::meta
