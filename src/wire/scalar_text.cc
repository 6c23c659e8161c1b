#include "wire/scalar_text.h"

#include <optional>

#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::wire {
namespace {

Document or_text(bool readable, Document value, std::string_view text) {
  return readable ? std::move(value) : Document(text);
}

Document read_time(std::string_view text) {
  if (const Result<TimePoint> time = parse_time(text); time.ok()) return *time;
  if (const std::optional<double> seconds = parse_double(text)) return *seconds;
  return Document(text);
}

std::string write_time(TimePoint time, TimeFormat format) {
  switch (format) {
    case TimeFormat::kHttpDate:
      return http_date(time);
    case TimeFormat::kEpochSeconds:
      return to_json(Document(time));
    case TimeFormat::kDefault:
    case TimeFormat::kIso8601:
      return iso8601(time);
  }
  return iso8601(time);
}

}  // namespace

Document read_scalar(const Shape& shape, std::string_view text) {
  if (shape.kind == Kind::kString) return Document(text);
  if (shape.kind == Kind::kBlob) {
    Result<std::string> bytes = base64_decode(text);
    return or_text(bytes.ok(), bytes.ok() ? Document(Document::Blob{*bytes}) : Document(), text);
  }
  const std::string_view word = trim(text);
  if (word.empty()) return Document();
  switch (shape.kind) {
    case Kind::kInteger:
    case Kind::kLong: {
      const std::optional<std::int64_t> number = parse_int(word);
      return or_text(number.has_value(), Document(number.value_or(0)), text);
    }
    case Kind::kDouble: {
      const std::optional<double> number = parse_double(word);
      return or_text(number.has_value(), Document(number.value_or(0)), text);
    }
    case Kind::kBoolean:
      if (equals_ignoring_case(word, "true")) return true;
      if (equals_ignoring_case(word, "false")) return false;
      return Document(text);
    case Kind::kTimestamp:
      return read_time(word);
    default:
      return Document(text);
  }
}

std::string write_scalar(const Shape& shape, const Document& value, TimeFormat default_time) {
  if (const std::string* text = value.as_string()) return *text;
  if (const Document::Blob* blob = value.as_blob()) return base64_encode(blob->bytes);
  if (const TimePoint* time = value.as_time()) {
    return write_time(*time,
                      shape.time_format == TimeFormat::kDefault ? default_time : shape.time_format);
  }
  return to_json(value);
}

}  // namespace clary::wire
