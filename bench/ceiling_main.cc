// clary_ceiling: prints the wall seconds of one thing done without a server.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "ceilings.h"

namespace {

int print(const clary::Result<double>& seconds) {
  if (!seconds.ok()) {
    std::fprintf(stderr, "clary_ceiling: %s\n", seconds.error().message.c_str());
    return 1;
  }
  std::printf("%.9f\n", *seconds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What this machine can do at best.");
  app.require_subcommand(1);
  std::string path;
  std::uint64_t bytes = std::uint64_t{64} << 20;
  int count = 50;
  auto* get = app.add_subcommand("get", "read a file, CRC-32C, send over loopback");
  get->add_option("path", path)->required();
  auto* put = app.add_subcommand("put", "write, fsync, rename");
  put->add_option("path", path)->required();
  put->add_option("--bytes", bytes);
  auto* md5 = app.add_subcommand("md5", "MD5 of so many bytes");
  md5->add_option("--bytes", bytes);
  auto* sync = app.add_subcommand("sync", "append 1 KiB and fdatasync, the mean of some");
  sync->add_option("path", path)->required();
  sync->add_option("--count", count);
  CLI11_PARSE(app, argc, argv);

  if (*get) return print(clary::bench::read_crc_send(path));
  if (*put) return print(clary::bench::write_and_sync(path, bytes));
  if (*md5) return print(clary::bench::md5_of(bytes));
  return print(clary::bench::append_and_sync(path, count));
}
