#include "apps/lifecycle_loop.h"

namespace clary::apps {

LifecycleLoop::LifecycleLoop(objects::ObjectStore& store, services::BucketRules& rules,
                             const Clock& clock, const Logger& logger, Duration interval)
    : rules_(rules),
      logger_(logger),
      sweep_(store, clock, [this](const BucketName& bucket) { return rules_of(bucket); }),
      loop_("lifecycle", interval, [this](const std::stop_token& stop) { run(stop); }) {}

services::LifecycleRules LifecycleLoop::rules_of(const BucketName& bucket) const {
  const auto rules = rules_.lifecycle(bucket);
  if (rules.ok()) return *rules == nullptr ? services::LifecycleRules() : **rules;
  logger_.error("lifecycle rules cannot be read",
                {{"bucket", *bucket}, {"error", rules.error().message}});
  return {};
}

void LifecycleLoop::run(const std::stop_token& stop) {
  const Result<std::size_t> removed = sweep_.run(stop);
  if (!removed.ok()) {
    logger_.error("a lifecycle sweep ended early", {{"error", removed.error().message}});
  } else if (*removed > 0) {
    logger_.info("lifecycle rules removed objects", {{"objects", std::to_string(*removed)}});
  }
}

}  // namespace clary::apps
