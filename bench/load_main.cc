// clary_load: sends prepared requests and prints what came of it, as one line of JSON.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/json.h"
#include "load.h"

namespace {

using clary::Document;

// The value below which `part` of all lie.
double quantile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

Document to_document(const clary::bench::LoadResult& result) {
  const auto count = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  return Document::object({{"replies", count(result.replies)},
                           {"refused", count(result.refused)},
                           {"unanswered", count(result.unanswered)},
                           {"bytes_in", count(result.bytes_in)},
                           {"seconds", result.seconds},
                           {"cpu_seconds", result.cpu_seconds},
                           {"p50_ms", quantile(result.latencies, 0.5) * 1e3},
                           {"p99_ms", quantile(result.latencies, 0.99) * 1e3}});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sends prepared HTTP requests on kept connections.");
  clary::bench::LoadOptions options;
  std::string requests;
  double seconds = 1;
  app.add_option("--port", options.port, "of the server, on 127.0.0.1")->required();
  app.add_option("--requests", requests, "file: length, newline, bytes, again and again")
      ->required();
  app.add_option("--connections", options.connections, "kept open");
  app.add_option("--seconds", seconds, "how long");
  app.add_option("--rate", options.rate, "requests a second, whether or not replies come");
  app.add_option("--count", options.count, "stop after so many replies instead");
  CLI11_PARSE(app, argc, argv);

  options.duration =
      std::chrono::duration_cast<clary::Duration>(std::chrono::duration<double>(seconds));
  auto loaded = clary::bench::read_requests(requests);
  if (!loaded.ok()) {
    std::fprintf(stderr, "clary_load: %s\n", loaded.error().message.c_str());
    return 2;
  }
  options.requests = std::move(loaded).value();
  const auto result = clary::bench::run_load(options);
  if (!result.ok()) {
    std::fprintf(stderr, "clary_load: %s\n", result.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", clary::to_json(to_document(*result)).c_str());
  return 0;
}
