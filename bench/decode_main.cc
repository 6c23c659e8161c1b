// clary_decode: prints the wall seconds that the model server's reader takes for a JSON body.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "base/files.h"
#include "serving/tensor_codec.h"

int main(int argc, char** argv) {
  CLI::App app("Reads a JSON body as a tensor, again and again.");
  std::string path;
  double seconds = 1;
  app.add_option("path", path, "file of the body")->required();
  app.add_option("--seconds", seconds, "how long");
  CLI11_PARSE(app, argc, argv);

  const auto body = clary::read_file(path, std::uint64_t{1} << 30);
  if (!body.ok()) {
    std::fprintf(stderr, "clary_decode: %s\n", body.error().message.c_str());
    return 1;
  }
  clary::serving::TensorReader reader;
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  int calls = 0;
  for (; passed() < seconds; ++calls) {
    const auto tensor = reader.read(*body, "application/json");
    if (!tensor.ok()) {
      std::fprintf(stderr, "clary_decode: %s\n", tensor.error().message.c_str());
      return 1;
    }
  }
  std::printf("%.9f\n", passed() / calls);
  return 0;
}
