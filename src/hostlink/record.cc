#include "hostlink/record.h"

#include <array>

#include "base/json.h"
#include "base/time_text.h"

namespace clary::hostlink {
namespace {

constexpr std::array kKinds = {RecordKind::kState, RecordKind::kLog, RecordKind::kUsage,
                               RecordKind::kNotice};

}  // namespace

std::string_view record_kind_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kState:
      return "state";
    case RecordKind::kLog:
      return "log";
    case RecordKind::kUsage:
      return "usage";
    case RecordKind::kNotice:
      return "notice";
  }
  return "notice";
}

std::string Record::to_line() const {
  return to_json(Document::object({{"type", "record"},
                                   {"number", static_cast<std::int64_t>(number)},
                                   {"time_us", std::int64_t{time.time_since_epoch().count()}},
                                   {"kind", record_kind_name(kind)},
                                   {"body", body}}));
}

Result<Record> Record::from_line(std::string_view line) {
  CLARY_TRY(const Document document, parse_json(line));
  return from_document(document);
}

Result<Record> Record::from_document(const Document& document) {
  const std::int64_t number = document.int_or("number", 0);
  if (number < 1) return invalid_argument("hostlink record: 'number' is absent or below 1");
  Record record;
  record.number = static_cast<std::uint64_t>(number);
  record.time = TimePoint(Duration(document.int_or("time_us", 0)));
  const std::string name = document.string_or("kind", "");
  for (const RecordKind kind : kKinds) {
    if (record_kind_name(kind) != name) continue;
    record.kind = kind;
    if (const Document* body = document.find("body")) record.body = *body;
    return record;
  }
  return invalid_argument("hostlink record " + std::to_string(number) + ": unknown kind '" + name +
                          "'");
}

}  // namespace clary::hostlink
