#include "hosting/endpoint_log.h"

#include <optional>

#include "runtime/gang_effects.h"

namespace clary::hosting {

void EndpointLog::note(const EndpointName& endpoint, const std::string& variant,
                       const std::string& line) {
  const LogGroup group(std::string(runtime::telemetry_space(domain::JobKind::kServing)) + "/" +
                       endpoint.value());
  const LogStream stream(variant + "/data-log");
  Status noted = logs_.create_stream(group, stream);
  if (noted.ok()) noted = logs_.append(group, stream, {line}, std::nullopt);
  if (noted.ok()) return;
  logger_.warning(
      "an endpoint's event is not in its log",
      {{"endpoint", endpoint.value()}, {"event", line}, {"error", noted.error().message}});
}

}  // namespace clary::hosting
