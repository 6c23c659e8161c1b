#include "meta/transform_json.h"

#include <cstdint>

namespace clary::meta {
namespace {

std::optional<int> optional_int(const Document& document, std::string_view name) {
  const Document* member = document.find(name);
  const std::int64_t* value = member == nullptr ? nullptr : member->as_int();
  return value == nullptr ? std::nullopt : std::optional(static_cast<int>(*value));
}

}  // namespace

Document transform_document(const domain::Transform& transform) {
  Document document = Document::object({{"input_uri", transform.input_uri},
                                        {"data_type", transform.data_type},
                                        {"content_type", transform.content_type},
                                        {"compression", transform.compression},
                                        {"split", transform.split},
                                        {"accept", transform.accept},
                                        {"assemble", transform.assemble},
                                        {"strategy", transform.strategy},
                                        {"timeout_seconds", transform.timeout_seconds},
                                        {"max_retries", transform.max_retries},
                                        {"input_filter", transform.input_filter},
                                        {"output_filter", transform.output_filter},
                                        {"join_input", transform.join_input}});
  if (transform.max_concurrent) document.set("max_concurrent", *transform.max_concurrent);
  if (transform.max_payload_mb) document.set("max_payload_mb", *transform.max_payload_mb);
  return document;
}

domain::Transform read_transform(const Document& document) {
  const domain::Transform absent;
  domain::Transform transform;
  transform.input_uri = document.string_or("input_uri", "");
  transform.data_type = document.string_or("data_type", absent.data_type);
  transform.content_type = document.string_or("content_type", "");
  transform.compression = document.string_or("compression", absent.compression);
  transform.split = document.string_or("split", absent.split);
  transform.accept = document.string_or("accept", "");
  transform.assemble = document.string_or("assemble", absent.assemble);
  transform.strategy = document.string_or("strategy", "");
  transform.max_concurrent = optional_int(document, "max_concurrent");
  transform.max_payload_mb = optional_int(document, "max_payload_mb");
  transform.timeout_seconds =
      static_cast<int>(document.int_or("timeout_seconds", absent.timeout_seconds));
  transform.max_retries = static_cast<int>(document.int_or("max_retries", absent.max_retries));
  transform.input_filter = document.string_or("input_filter", absent.input_filter);
  transform.output_filter = document.string_or("output_filter", absent.output_filter);
  transform.join_input = document.bool_or("join_input", false);
  return transform;
}

}  // namespace clary::meta
