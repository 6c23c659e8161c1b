#include "serving/front_path.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::serving {
namespace {

using Parts = std::span<const std::string_view>;

constexpr std::string_view kModelsPrefix = "/models/";
constexpr std::string_view kInvokeSuffix = "/invoke";

// The name as the caller means it; empty: it is none.
std::string decoded(std::string_view text) {
  Result<std::string> name = percent_decode(text);
  return name.ok() && name->find('\0') == std::string::npos ? std::move(*name) : "";
}

FrontPath model_path(std::string_view name, std::string_view methods) {
  std::string model = decoded(name);
  if (model.empty()) return {};
  return {.target = FrontTarget::kModelPath, .methods = methods, .model = std::move(model)};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "NAME", or "NAME:verb" where `verb` is what the last part may end with.
std::pair<std::string_view, std::string_view> split_verb(std::string_view part) {
  const std::size_t colon = part.find(':');
  if (colon == std::string_view::npos) return {part, {}};
  return {part.substr(0, colon), part.substr(colon)};
}

// After "/v1/models": NAME[/versions/N|/labels/L][:predict|:classify|:regress|/metadata].
FrontPath tensorflow_path(std::vector<std::string_view> parts) {
  const bool metadata = parts.size() > 1 && parts.back() == "metadata";
  if (metadata) parts.pop_back();
  if (parts.empty()) return {};
  const auto [last, verb] = split_verb(parts.back());
  parts.back() = last;
  const bool calls = verb == ":predict" || verb == ":classify" || verb == ":regress";
  if (!verb.empty() && (!calls || metadata)) return {};
  const bool of_version = parts.size() == 3 && parts[1] == "versions" && is_number(parts[2]);
  const bool of_label = parts.size() == 3 && parts[1] == "labels" && !parts[2].empty();
  if (parts.size() != 1 && !of_version && !of_label) return {};
  return model_path(parts[0], calls ? "POST" : "GET");
}

// After "/v2/models": NAME[/versions/V][/infer|/ready].
FrontPath v2_path(Parts parts) {
  if (parts.empty()) return {};
  const std::string_view name = parts[0];
  parts = parts.subspan(1);
  if (parts.size() >= 2 && parts[0] == "versions" && !parts[1].empty()) parts = parts.subspan(2);
  if (parts.empty() || (parts.size() == 1 && parts[0] == "ready")) return model_path(name, "GET");
  return parts.size() == 1 && parts[0] == "infer" ? model_path(name, "POST") : FrontPath();
}

FrontPath managed_path(std::string_view path) {
  std::string_view name = path.substr(kModelsPrefix.size());
  const bool calls = name.ends_with(kInvokeSuffix);
  if (calls) name.remove_suffix(kInvokeSuffix.size());
  std::string model = decoded(name);
  if (model.empty()) return {};
  return {.target = calls ? FrontTarget::kModelCall : FrontTarget::kModel,
          .methods = calls ? "POST" : "GET, PUT, DELETE",
          .model = std::move(model)};
}

}  // namespace

FrontPath read_front_path(std::string_view path) {
  if (path == "/invocations") return {.target = FrontTarget::kInvocation, .methods = "POST"};
  if (path == "/ping" || path == "/v2/health/ready")
    return {.target = FrontTarget::kPing, .methods = "GET"};
  if (path == "/v2/health/live") return {.target = FrontTarget::kLive, .methods = "GET"};
  if (path == "/metrics") return {.target = FrontTarget::kMetrics, .methods = "GET"};
  if (path == "/models") return {.target = FrontTarget::kModels, .methods = "GET, POST"};
  if (path.starts_with(kModelsPrefix)) return managed_path(path);
  if (!path.starts_with('/')) return {};
  std::vector<std::string_view> parts = split(path.substr(1), '/');
  if (parts[0] == "predictions" && (parts.size() == 2 || (parts.size() == 3 && !parts[2].empty())))
    return model_path(parts[1], "GET, POST, PUT");
  if (parts.size() < 3 || parts[1] != "models") return {};
  const std::string_view protocol = parts[0];
  parts.erase(parts.begin(), parts.begin() + 2);
  if (protocol == "v1") return tensorflow_path(std::move(parts));
  return protocol == "v2" ? v2_path(parts) : FrontPath();
}

bool takes_method(std::string_view methods, std::string_view method) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  const std::vector<std::string_view> all = split(methods, ',');
  return std::any_of(all.begin(), all.end(),
                     [wanted](std::string_view one) { return trim(one) == wanted; });
}

}  // namespace clary::serving
