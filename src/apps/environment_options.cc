#include "apps/environment_options.h"

namespace clary::apps {
namespace {

std::string value_of(const std::map<std::string, std::string>& variables, const char* name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

}  // namespace

runtime::EnvironmentsOptions environment_options(
    const Settings& settings, const std::map<std::string, std::string>& variables) {
  runtime::EnvironmentsOptions options;
  options.data_folder = settings.data;
  options.preferred = settings.default_environment;
  options.virtual_env = value_of(variables, "VIRTUAL_ENV");
  options.path = value_of(variables, "PATH");
  options.strictness =
      settings.strict_versions ? runtime::Strictness::kExact : runtime::Strictness::kNearest;
  return options;
}

}  // namespace clary::apps
