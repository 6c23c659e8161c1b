#include "services/model_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/text_encoding.h"

namespace clary::services {
namespace {

// Source: the service's API model, the shape Message.
constexpr std::size_t kMostOriginalBytes = 2048;
constexpr int kFailedDependency = 424;

// As text, cut between two characters.
std::string told(std::string_view body) {
  std::size_t end = std::min(body.size(), kMostOriginalBytes);
  const auto is_inside = [body](std::size_t at) {
    return at < body.size() && (static_cast<unsigned char>(body[at]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && end < body.size() && is_inside(end)) --end;
  return to_valid_utf8(body.substr(0, end));
}

std::string log_group(const std::string& endpoint) {
  return "/aws/sagemaker/Endpoints/" + endpoint;
}

// kind: "server".
std::string sentence(std::string_view kind, int status, std::string_view container,
                     std::string_view message, const std::string& endpoint,
                     const CallContext& context) {
  const std::string& region = context.region.value();
  return fmt::format(
      "Received {} error ({}) from {} with message \"{}\". See "
      "https://{}.console.aws.amazon.com/cloudwatch/home?region={}#logEventViewer:group={} in "
      "account {} for more information.",
      kind, status, container, message, region, region, log_group(endpoint),
      context.account.value());
}

}  // namespace

ServiceError model_error(const std::string& endpoint, const hosting::EndpointAnswer& answer,
                         const CallContext& context) {
  const std::string original = told(answer.body);
  const bool is_clients = answer.status >= 400 && answer.status < 500;
  ServiceError error("ModelError",
                     sentence(is_clients ? "client" : "server", answer.status, answer.container,
                              original, endpoint, context),
                     kFailedDependency);
  error.members = Document::object(
      {{"OriginalMessage", original},
       {"OriginalStatusCode", answer.status},
       {"LogStreamArn",
        fmt::format("arn:aws:logs:{}:{}:log-group:{}:log-stream:{}", context.region.value(),
                    context.account.value(), log_group(endpoint), answer.log_stream.value())}});
  return error;
}

ServiceError model_timeout(const std::string& endpoint, const CallContext& context) {
  constexpr std::string_view kTimedOut =
      "Your invocation timed out while waiting for a response from container primary. Review the "
      "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.";
  ServiceError error("ModelError", sentence("server", 0, "primary", kTimedOut, endpoint, context),
                     kFailedDependency);
  error.members = Document::object({{"OriginalMessage", kTimedOut}, {"OriginalStatusCode", 0}});
  return error;
}

ServiceError no_endpoint(const std::string& endpoint, const CallContext& context) {
  return {"ValidationError",
          "Endpoint " + endpoint + " of account " + context.account.value() + " not found."};
}

}  // namespace clary::services
