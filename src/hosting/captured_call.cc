#include "hosting/captured_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::hosting {
namespace {

// "text/csv" of "Text/CSV; charset=utf-8".
std::string media_type(const std::string& content_type) {
  return to_lower(trim(std::string_view(content_type).substr(0, content_type.find(';'))));
}

bool is_named(const std::vector<std::string>& types, const std::optional<std::string>& type) {
  if (!type) return false;
  const std::string wanted = media_type(*type);
  return std::ranges::any_of(types,
                             [&](const std::string& one) { return media_type(one) == wanted; });
}

Document captured_body(const domain::DataCapture& rules, std::string_view mode,
                       const std::optional<std::string>& type, const std::string& body) {
  std::string_view encoding = "BASE64";
  if (is_valid_utf8(body)) {
    if (is_named(rules.csv_types, type)) {
      encoding = "CSV";
    } else if (is_named(rules.json_types, type)) {
      encoding = "JSON";
    }
  }
  Document document = Document::object();
  if (type) document.set("observedContentType", *type);
  document.set("mode", mode);
  document.set("data", encoding == "BASE64" ? base64_encode(body) : body);
  document.set("encoding", encoding);
  return document;
}

// "2024-01-01T00:00:00Z"
std::string to_the_second(TimePoint time) {
  std::string text = plain_date_time(time);
  text[text.find(' ')] = 'T';
  return text + 'Z';
}

// Digits of "2024-01-02 03:04:05" from one place to another.
std::string_view part(std::string_view text, std::size_t from, std::size_t count) {
  return text.substr(from, count);
}

}  // namespace

std::string captured_line(const CapturedCall& call, const std::string& event_id) {
  const domain::DataCapture& rules = *call.rules;
  Document data = Document::object();
  if (rules.input)
    data.set("endpointInput", captured_body(rules, "INPUT", call.input_type, call.input));
  if (rules.output)
    data.set("endpointOutput", captured_body(rules, "OUTPUT", call.output_type, call.output));
  Document metadata = Document::object({{"eventId", event_id}});
  if (!call.inference_id.empty()) metadata.set("inferenceId", call.inference_id);
  metadata.set("inferenceTime", to_the_second(call.time));
  return to_json(Document::object({{"captureData", std::move(data)},
                                   {"eventMetadata", std::move(metadata)},
                                   {"eventVersion", "0"}}));
}

Result<objects::ObjectUri> captured_place(const CapturedCall& call, const std::string& id) {
  CLARY_TRY(objects::ObjectUri place, objects::parse_object_uri(call.rules->uri));
  const std::string text = plain_date_time(call.time);
  const std::string_view when(text);
  const auto milliseconds = to_epoch_milliseconds(call.time) % 1000;
  if (!place.key.empty() && !place.key.ends_with('/')) place.key += '/';
  place.key +=
      fmt::format("{}/{}/{}/{}/{}/{}/{}-{}-{:03}-{}.jsonl", call.endpoint.value(), call.variant,
                  part(when, 0, 4), part(when, 5, 2), part(when, 8, 2), part(when, 11, 2),
                  part(when, 14, 2), part(when, 17, 2), milliseconds, id);
  return place;
}

}  // namespace clary::hosting
