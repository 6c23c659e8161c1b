// clary: one program, several roles. `serve` and `host` are run here; every other command is a
// person's.
#include <string_view>

#include "apps/client_tools.h"
#include "apps/host_command.h"
#include "apps/serve_command.h"
#include "cli/client_commands.h"

int main(int argc, char** argv) {
  using namespace clary;
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "serve") return apps::run_serve(argc, argv);
  if (command == "host") return apps::run_host_command(argc, argv);
  const SystemClock clock;
  return cli::run_client_command(argc, argv, apps::client_tools(clock));
}
