// What this machine can do at best: the same bytes without a server. Each returns wall seconds.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace clary::bench {

// Reads a file, takes its CRC-32C, sends it over a loopback TCP connection to a thread that drops
// it: a GET.
Result<double> read_crc_send(const std::string& path);
// Writes `bytes` to a new file beside `path`, fsyncs it and renames it to `path`: a PUT's disk.
Result<double> write_and_sync(const std::string& path, std::uint64_t bytes);
// MD5 of `bytes`: a PUT's ETag.
double md5_of(std::uint64_t bytes);
// One append of 1 KiB and fdatasync, the mean of `count`.
Result<double> append_and_sync(const std::string& path, int count);

}  // namespace clary::bench
