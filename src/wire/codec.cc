#include "wire/codec.h"

#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::wire {

void decode(const Document& from, std::string& to) {
  if (const std::string* text = from.as_string()) to = *text;
}

void decode(const Document& from, std::int64_t& to) {
  if (const std::int64_t* number = from.as_int()) to = *number;
  if (const double* number = from.as_double()) to = static_cast<std::int64_t>(*number);
}

void decode(const Document& from, double& to) {
  if (const double* number = from.as_double()) to = *number;
  if (const std::int64_t* number = from.as_int()) to = static_cast<double>(*number);
}

void decode(const Document& from, bool& to) {
  if (const bool* flag = from.as_bool()) to = *flag;
}

void decode(const Document& from, TimePoint& to) {
  if (const TimePoint* time = from.as_time()) to = *time;
  if (const double* seconds = from.as_double()) to = from_epoch_seconds(*seconds);
  if (const std::int64_t* seconds = from.as_int())
    to = from_epoch_seconds(static_cast<double>(*seconds));
  if (const std::string* text = from.as_string()) to = parse_time(*text).value_or(to);
}

void decode(const Document& from, Document::Blob& to) {
  if (const Document::Blob* blob = from.as_blob()) to = *blob;
  if (const std::string* text = from.as_string()) to.bytes = base64_decode(*text).value_or("");
}

}  // namespace clary::wire
