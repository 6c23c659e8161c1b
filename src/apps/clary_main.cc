// clary: one program, several roles. `serve`, `host` and `model-server` are run here; every other
// command is a person's.
#include <string_view>
#include <vector>

#include "apps/client_tools.h"
#include "apps/host_command.h"
#include "apps/model_server_command.h"
#include "apps/serve_command.h"
#include "cli/client_commands.h"

int main(int argc, char** argv) {
  using namespace clary;
  const std::vector<const char*> words = cli::plain_command_line(argc, argv);
  const int count = static_cast<int>(words.size());
  const std::string_view command = count > 1 ? words[1] : "";
  if (command == "serve") return apps::run_serve(count, words.data());
  if (command == "model-server") return apps::run_model_server(count, words.data());
  if (command == "host") return apps::run_host_command(argc, argv);
  const SystemClock clock;
  return cli::run_client_command(count, words.data(), apps::client_tools(clock));
}
