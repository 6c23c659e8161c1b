#include "host/transform_settings.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace clary::host {
namespace {

constexpr int kMostConcurrent = 256;
constexpr int kMostPayloadMb = 100;  // AWS's
constexpr std::uint64_t kUnlimitedBytes = std::uint64_t{1} << 30;

std::optional<int> number_in(const Document& document, std::string_view name, int least, int most) {
  const Document* member = document.find(name);
  const std::int64_t* value = member == nullptr ? nullptr : member->as_int();
  if (value == nullptr || *value < least || *value > most) return std::nullopt;
  return static_cast<int>(*value);
}

// "MultiRecord", as operations have it, or "MULTI_RECORD", as algorithms do.
std::optional<bool> several_in(std::string_view strategy) {
  const std::string word = to_lower(replace_all(strategy, "_", ""));
  if (word == "multirecord") return true;
  if (word == "singlerecord") return false;
  return std::nullopt;
}

}  // namespace

ExecutionParameters execution_parameters(int status, std::string_view body) {
  ExecutionParameters said;
  const Result<Document> document = parse_json(body);
  if (status != 200 || !document.ok()) return said;
  said.max_concurrent = number_in(*document, "MaxConcurrentTransforms", 1, kMostConcurrent);
  said.max_payload_mb = number_in(*document, "MaxPayloadInMB", 0, kMostPayloadMb);
  said.several_records = several_in(document->string_or("BatchStrategy", ""));
  return said;
}

std::uint64_t TransformSettings::payload_bytes() const {
  return max_payload_mb == 0 ? kUnlimitedBytes : static_cast<std::uint64_t>(max_payload_mb) << 20;
}

std::string TransformSettings::text() const {
  return "MaxConcurrentTransforms=" + std::to_string(max_concurrent) +
         ", MaxPayloadInMB=" + std::to_string(max_payload_mb) +
         ", BatchStrategy=" + (several_records ? "MULTI_RECORD" : "SINGLE_RECORD");
}

TransformSettings settled(const hostlink::PlanTransform& transform,
                          const ExecutionParameters& container) {
  TransformSettings settings;
  const auto chosen = [](const auto& asked, const auto& said, auto otherwise) {
    return asked ? *asked : said.value_or(otherwise);
  };
  const std::int64_t each =
      chosen(transform.max_concurrent, container.max_concurrent, settings.max_concurrent);
  settings.max_concurrent =
      static_cast<int>(std::clamp<std::int64_t>(each * transform.instances, 1, kMostConcurrent));
  settings.max_payload_mb =
      chosen(transform.max_payload_mb, container.max_payload_mb, settings.max_payload_mb);
  settings.several_records =
      chosen(several_in(transform.strategy), container.several_records, settings.several_records);
  return settings;
}

}  // namespace clary::host
