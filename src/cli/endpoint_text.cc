#include "cli/endpoint_text.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/strings.h"
#include "cli/table.h"

namespace clary::cli {
namespace {

constexpr std::array<std::pair<std::string_view, const char*>, 7> kContentTypes = {{
    {".json", "application/json"},
    {".jsonl", "application/jsonlines"},
    {".csv", "text/csv"},
    {".npy", "application/x-npy"},
    {".txt", "text/plain"},
    {".jpg", "image/jpeg"},
    {".png", "image/png"},
}};

Style style_of_endpoint(std::string_view status) {
  if (status == "InService") return Style::kGood;
  return status == "Failed" ? Style::kBad : Style::kWarning;
}

// "serverless, 2048 MB for each of 5 calls: cold".
std::string serverless_text(const Document& variant, const Document& config) {
  const std::int64_t instances = variant.int_or("CurrentInstanceCount", 0);
  const bool starting = variant.int_or("DesiredInstanceCount", 0) > instances;
  return fmt::format("serverless, {} MB for each of {} calls: {}",
                     config.int_or("MemorySizeInMB", 0), config.int_or("MaxConcurrency", 0),
                     instances > 0 ? "warm"
                     : starting    ? "cold start under way"
                                   : "cold");
}

// "AllTraffic 2/2", "a 1/1 (weight 3)": ready of wanted.
std::string variant_text(const Document& variant, bool of_several) {
  std::string text = harmless(variant.string_or("VariantName", "")) + " ";
  if (const Document* serverless = variant.find("CurrentServerlessConfig")) {
    text += serverless_text(variant, *serverless);
  } else {
    text += fmt::format("{}/{}", variant.int_or("CurrentInstanceCount", 0),
                        variant.int_or("DesiredInstanceCount", 0));
  }
  if (of_several) text += fmt::format(" (weight {})", variant.double_or("CurrentWeight", 0));
  return text;
}

std::string variants_text(const Document& endpoint) {
  const Document* list = endpoint.find("ProductionVariants");
  if (list == nullptr || list->as_array() == nullptr) return "";
  std::vector<std::string> texts;
  for (const Document& variant : *list->as_array())
    texts.push_back(variant_text(variant, list->as_array()->size() > 1));
  return join(texts, ", ");
}

}  // namespace

Result<Document> describe_endpoint(ServerApi& api, const std::string& name) {
  auto described = api.sagemaker("DescribeEndpoint", Document::object({{"EndpointName", name}}));
  if (!described.ok()) return described.error().within("endpoint '" + name + "'");
  return described;
}

std::string endpoint_list_text(const std::vector<Document>& descriptions,
                               const Terminal& terminal) {
  if (descriptions.empty()) return "no endpoints\n";
  std::vector<Row> rows;
  std::string failures;
  for (const Document& endpoint : descriptions) {
    const std::string name = harmless(endpoint.string_or("EndpointName", ""));
    const std::string status = endpoint.string_or("EndpointStatus", "");
    const std::string reason = endpoint.string_or("FailureReason", "");
    rows.push_back(
        {name, terminal.styled(status, style_of_endpoint(status)), variants_text(endpoint)});
    if (!reason.empty()) failures += "\n" + name + ": " + harmless(reason) + "\n";
  }
  return format_table({"NAME", "STATUS", "VARIANTS (READY/WANTED INSTANCES)"}, rows) + failures;
}

std::string endpoint_log_group(const std::string& name) {
  return "/aws/sagemaker/Endpoints/" + name;
}

std::string content_type_of(std::string_view file) {
  const std::string lower = to_lower(file);
  for (const auto& [ending, type] : kContentTypes) {
    if (lower.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

}  // namespace clary::cli
