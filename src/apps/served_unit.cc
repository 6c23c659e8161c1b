#include "apps/served_unit.h"

#include <dirent.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "apps/model_engine.h"
#include "base/files.h"
#include "objects/aws_profile.h"
#include "objects/remote_s3_store.h"
#include "serving/model_source.h"

namespace clary::apps {
namespace {

using Map = std::map<std::string, std::string>;

std::string value_of(const Map& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// Of all files below the folder; links count as what they lead to where that is a file.
std::uint64_t bytes_below(const std::string& folder) {
  const auto names = list_folder(folder);
  if (!names.ok()) return 0;
  std::uint64_t bytes = 0;
  for (const std::string& name : *names) {
    const std::string path = path_join(folder, name);
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) continue;
    if (S_ISDIR(found.st_mode)) bytes += bytes_below(path);
    if (S_ISLNK(found.st_mode) && ::stat(path.c_str(), &found) != 0) continue;
    if (S_ISREG(found.st_mode)) bytes += static_cast<std::uint64_t>(found.st_size);
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<objects::ObjectStore>> open_model_store(const Map& variables,
                                                               const Clock& clock) {
  std::string region = value_of(variables, "AWS_REGION");
  if (region.empty()) region = value_of(variables, "AWS_DEFAULT_REGION");
  if (region.empty()) region = "us-east-1";
  std::string endpoint = value_of(variables, "AWS_ENDPOINT_URL_S3");
  if (endpoint.empty()) endpoint = value_of(variables, "AWS_ENDPOINT_URL");
  if (endpoint.empty()) endpoint = "https://s3." + region + ".amazonaws.com";
  objects::RemoteAccess access{
      .endpoint = endpoint,
      .region = Region(region),
      .credentials = objects::aws_credentials(
          "", [variables](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
          })};
  access.reached.client.ca_file = value_of(variables, "AWS_CA_BUNDLE");
  access.retry.give_up_after = std::chrono::seconds(20);
  return objects::open_remote_store(std::move(access), clock);
}

serving::LiveModelOptions live_options(const serving::ServingOptions& options) {
  return {.lanes = options.workers,
          .queue = {.waiting = options.queue},
          .most_in_batch = options.most_in_batch,
          .batch_latency_limit = options.latency_limit,
          .load_limit = options.load_timeout};
}

void warn_of_requirements(const std::string& model_folder, const ModelServerPlan& plan,
                          const Logger& logger) {
  for (const char* name : {"code/requirements.txt", "requirements.txt"}) {
    if (!exists(path_join(model_folder, name))) continue;
    logger.warning(std::string(name) + " is not installed: what it names must be there already",
                   {{"interpreter", plan.interpreter}});
  }
}

ServedUnit::ServedUnit(const UnitParts& parts, std::string folder, serving::ScratchFolder scratch)
    : file_bytes_(bytes_below(folder)),
      scratch_(std::move(scratch)),
      metrics_(parts.metrics == nullptr ? own_metrics_ : *parts.metrics),
      engine_(make_engine({.plan = parts.plan,
                           .package_folder = parts.package_folder,
                           .model_folder = folder,
                           .open_files = parts.open_files,
                           .clock = parts.clock,
                           .logger = parts.logger})),
      live_(*engine_, live_options(parts.plan.options), parts.clock, parts.logger, metrics_) {}

ServedUnit::~ServedUnit() { live_.stop(); }

Result<std::shared_ptr<serving::ModelUnit>> UnitFetcher::fetch(const std::string& source,
                                                               const std::stop_token& stop) {
  const ModelServerPlan& plan = parts_.plan;
  CLARY_TRY(
      serving::ScratchFolder scratch,
      serving::ScratchFolder::make_in(path_join(plan.data_folder, "model-server"), parts_.ids));
  const std::string folder = serving::staged_folder(source, scratch.path());
  const auto opener = [&] { return open_model_store(plan.variables, parts_.clock); };
  CLARY_RETURN_IF_ERROR(serving::stage_model(source, folder, opener, stop));
  warn_of_requirements(folder, plan, parts_.logger);
  return std::shared_ptr<serving::ModelUnit>(
      std::make_shared<ServedUnit>(parts_, folder, std::move(scratch)));
}

}  // namespace clary::apps
