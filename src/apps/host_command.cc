#include "apps/host_command.h"

#include <CLI/CLI.hpp>
#include <string>

#include "apps/idle_memory.h"
#include "base/logger.h"
#include "host/run_host.h"
#include "host/system_host.h"

namespace clary::apps {

int run_host_command(int argc, char** argv) {
  std::string plan;
  CLI::App app("The program beside a job's code; the server starts it.", "clary host");
  app.add_option("--plan", plan, "The host's plan.json")->required();
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : host::kHostBadPlan;
  }
  give_back_large_blocks();
  return host::run_system_host(plan, Logger());
}

}  // namespace clary::apps
