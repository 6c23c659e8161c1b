#include <cstdint>
#include <optional>
#include <string_view>

#include "hostlink/plan.h"

namespace clary::hostlink {
namespace {

std::optional<int> read_optional_int(const Document& document, std::string_view name) {
  const Document* member = document.find(name);
  const std::int64_t* value = member == nullptr ? nullptr : member->as_int();
  return value == nullptr ? std::nullopt : std::optional(static_cast<int>(*value));
}

}  // namespace

Document PlanTransform::to_document() const {
  Document document = Document::object({{"input_uri", input_uri},
                                        {"data_type", data_type},
                                        {"content_type", content_type},
                                        {"compression", compression},
                                        {"split", split},
                                        {"accept", accept},
                                        {"assemble", assemble},
                                        {"strategy", strategy},
                                        {"timeout_seconds", timeout_seconds},
                                        {"max_retries", max_retries},
                                        {"input_filter", input_filter},
                                        {"output_filter", output_filter},
                                        {"join_input", join_input},
                                        {"instances", instances}});
  if (max_concurrent) document.set("max_concurrent", *max_concurrent);
  if (max_payload_mb) document.set("max_payload_mb", *max_payload_mb);
  return document;
}

PlanTransform PlanTransform::from_document(const Document& document) {
  const PlanTransform absent;
  PlanTransform transform;
  transform.input_uri = document.string_or("input_uri", "");
  transform.data_type = document.string_or("data_type", absent.data_type);
  transform.content_type = document.string_or("content_type", "");
  transform.compression = document.string_or("compression", absent.compression);
  transform.split = document.string_or("split", absent.split);
  transform.accept = document.string_or("accept", "");
  transform.assemble = document.string_or("assemble", absent.assemble);
  transform.strategy = document.string_or("strategy", "");
  transform.max_concurrent = read_optional_int(document, "max_concurrent");
  transform.max_payload_mb = read_optional_int(document, "max_payload_mb");
  transform.timeout_seconds =
      static_cast<int>(document.int_or("timeout_seconds", absent.timeout_seconds));
  transform.max_retries = static_cast<int>(document.int_or("max_retries", absent.max_retries));
  transform.input_filter = document.string_or("input_filter", absent.input_filter);
  transform.output_filter = document.string_or("output_filter", absent.output_filter);
  transform.join_input = document.bool_or("join_input", false);
  transform.instances = static_cast<int>(document.int_or("instances", absent.instances));
  return transform;
}

}  // namespace clary::hostlink
