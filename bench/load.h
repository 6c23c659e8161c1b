// An HTTP load generator: prepared requests, sent one after another on each of some kept
// connections. One thread.
//
// Requests are bytes made (and signed) beforehand, so that what is left here is one send and one or
// two receives a request; its CPU time is reported beside the server's. Replies must carry a
// Content-Length, or come in chunks.
//
// Without a rate the next request on a connection is sent when the reply to the last has come. With
// one, requests fall due at even distances, and a latency begins when its request was due: a server
// that cannot keep up shows it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace clary::bench {

struct LoadOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> requests;  // whole, taken in turn
  std::size_t connections = 8;
  std::uint64_t count = 0;  // stops after so many replies; 0: after `duration`
  Duration duration = std::chrono::seconds(1);
  double rate = 0;  // requests a second; 0: as fast as replies come
};

struct LoadResult {
  std::uint64_t replies = 0;
  std::uint64_t refused = 0;     // of them, with a status other than 2xx
  std::uint64_t unanswered = 0;  // due but without a reply at the end; with a rate only
  std::uint64_t bytes_in = 0;
  double seconds = 0;             // wall
  double cpu_seconds = 0;         // of this process
  std::vector<double> latencies;  // seconds, ascending; of unanswered ones their age
};

// The requests of a file: for each its length in decimal, a newline, its bytes.
Result<std::vector<std::string>> read_requests(const std::string& path);

// Unavailable: the server cannot be reached, or closes a connection.
Result<LoadResult> run_load(const LoadOptions& options);

}  // namespace clary::bench
