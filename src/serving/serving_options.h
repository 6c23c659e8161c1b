// What a model server is told: by its command line, else by the variables that SageMaker's
// containers read. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace clary::serving {

// The process's variables; nothing where one is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

// As typed; nothing where an option was not given.
struct TypedOptions {
  std::optional<std::string> listen;   // "127.0.0.1:8080", "unix:/path"
  std::optional<std::string> workers;  // "auto" or a number
  std::optional<std::int64_t> max_payload_mib;
  std::optional<double> timeout_seconds;
  std::optional<std::int64_t> queue;
  std::optional<double> latency_limit_ms;
};

struct ServingOptions {
  std::string listen = "127.0.0.1:8080";
  std::size_t workers = 1;
  std::size_t threads_per_worker = 1;  // of the numeric libraries
  std::uint64_t max_payload_bytes = std::uint64_t{64} << 20;
  Duration timeout = std::chrono::seconds(60);        // of one request, waiting included
  Duration load_timeout = std::chrono::seconds(600);  // of a worker's start
  std::size_t queue = 256;
  std::size_t most_in_batch = 1;
  Duration latency_limit = Duration::max();  // that 99 of 100 batches hold
};

// cores: that this process may use. InvalidArgument names the option or the variable.
Result<ServingOptions> read_serving_options(const TypedOptions& typed, const Variables& variables,
                                            std::size_t cores);

}  // namespace clary::serving
