#include "serving/serving_options.h"

#include <algorithm>
#include <initializer_list>

#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr std::int64_t kMostWorkers = 1024;
constexpr std::int64_t kMostMebibytes = 1 << 20;
constexpr std::int64_t kMostQueue = 1'000'000;
constexpr double kMostSeconds = 86'400;
constexpr std::int64_t kMostInBatch = 1024;
constexpr std::int64_t kMostDelayMilliseconds = 86'400'000;

struct Range {
  std::int64_t least = 1;
  std::int64_t most = 0;
};

Result<std::int64_t> in_range(std::int64_t value, Range range, const std::string& name) {
  if (value >= range.least && value <= range.most) return value;
  return invalid_argument(name + ": " + std::to_string(value) + " is not between " +
                          std::to_string(range.least) + " and " + std::to_string(range.most));
}

Result<Duration> to_duration(double seconds, const std::string& name) {
  if (!(seconds > 0) || seconds > kMostSeconds)
    return invalid_argument(name + ": not a number of seconds above 0 and up to a day");
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  // The typed value, else the first of the variables that is set, else nothing.
  Result<std::optional<std::int64_t>> number(std::optional<std::int64_t> typed,
                                             const std::string& option,
                                             std::initializer_list<const char*> names,
                                             Range range) const {
    using Found = std::optional<std::int64_t>;
    if (typed) {
      CLARY_TRY(const std::int64_t value, in_range(*typed, range, option));
      return Found(value);
    }
    for (const char* name : names) {
      const std::optional<std::string> text = variables_(name);
      if (!text || text->empty()) continue;
      const std::optional<std::int64_t> value = parse_int(trim(*text));
      if (!value) return invalid_argument(std::string(name) + ": '" + *text + "' is no number");
      CLARY_TRY(const std::int64_t checked, in_range(*value, range, name));
      return Found(checked);
    }
    return Found();
  }

  Result<std::optional<Duration>> seconds(std::optional<double> typed, const std::string& option,
                                          std::initializer_list<const char*> names) const {
    using Found = std::optional<Duration>;
    if (typed) {
      CLARY_TRY(const Duration value, to_duration(*typed, option));
      return Found(value);
    }
    for (const char* name : names) {
      const std::optional<std::string> text = variables_(name);
      if (!text || text->empty()) continue;
      CLARY_TRY(const Duration value, to_duration(parse_double(trim(*text)).value_or(0), name));
      return Found(value);
    }
    return Found();
  }

 private:
  const Variables& variables_;
};

Result<std::optional<std::int64_t>> typed_workers(const std::optional<std::string>& text) {
  using Found = std::optional<std::int64_t>;
  if (!text || *text == "auto") return Found();
  const std::optional<std::int64_t> value = parse_int(*text);
  if (!value) return invalid_argument("--workers: '" + *text + "' is neither a number nor 'auto'");
  return Found(value);
}

}  // namespace

Result<ServingOptions> read_serving_options(const TypedOptions& typed, const Variables& variables,
                                            std::size_t cores) {
  const Reader reader(variables);
  ServingOptions options;
  const std::size_t usable = std::max<std::size_t>(cores, 1);

  CLARY_TRY(const auto wanted, typed_workers(typed.workers));
  if (typed.workers == "auto") {
    options.workers = usable;
  } else {
    CLARY_TRY(const auto workers,
              reader.number(wanted, "--workers",
                            {"SAGEMAKER_MODEL_SERVER_WORKERS", "SAGEMAKER_TS_MAX_WORKERS"},
                            {.most = kMostWorkers}));
    options.workers = workers ? static_cast<std::size_t>(*workers) : usable;
  }
  options.threads_per_worker = std::max<std::size_t>(1, usable / options.workers);

  CLARY_TRY(const auto payload,
            reader.number(typed.max_payload_mib, "--max-payload-mb",
                          {"SAGEMAKER_MAX_PAYLOAD_IN_MB"}, {.most = kMostMebibytes}));
  if (payload) options.max_payload_bytes = static_cast<std::uint64_t>(*payload) << 20;

  CLARY_TRY(const auto timeout,
            reader.seconds(typed.timeout_seconds, "--timeout",
                           {"SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS",
                            "SAGEMAKER_MODEL_SERVER_TIMEOUT", "SAGEMAKER_TS_RESPONSE_TIMEOUT"}));
  if (timeout) options.timeout = *timeout;
  CLARY_TRY(const auto load, reader.seconds(std::nullopt, "", {"SAGEMAKER_STARTUP_TIMEOUT"}));
  if (load) options.load_timeout = *load;

  CLARY_TRY(const auto queue, reader.number(typed.queue, "--queue", {}, {.most = kMostQueue}));
  if (queue) options.queue = static_cast<std::size_t>(*queue);
  CLARY_TRY(const auto batch,
            reader.number(std::nullopt, "", {"SAGEMAKER_TS_BATCH_SIZE"}, {.most = kMostInBatch}));
  if (batch) options.most_in_batch = static_cast<std::size_t>(*batch);

  // Honoured by itself: no request waits for company, however long it might.
  CLARY_TRY(const auto delay, reader.number(std::nullopt, "", {"SAGEMAKER_TS_MAX_BATCH_DELAY"},
                                            {.least = 0, .most = kMostDelayMilliseconds}));
  static_cast<void>(delay);
  if (typed.latency_limit_ms) {
    const double seconds = *typed.latency_limit_ms / 1000;
    CLARY_TRY(options.latency_limit, to_duration(seconds, "--latency-limit"));
  }

  CLARY_TRY(const auto port,
            reader.number(std::nullopt, "", {"SAGEMAKER_BIND_TO_PORT"}, {.most = 65'535}));
  if (typed.listen) {
    options.listen = *typed.listen;
  } else if (port) {
    options.listen = "127.0.0.1:" + std::to_string(*port);
  }
  return options;
}

}  // namespace clary::serving
