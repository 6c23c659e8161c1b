#include "apps/lifecycle_loop.h"

#include "services/s3_lifecycle.h"

namespace clary::apps {

LifecycleLoop::LifecycleLoop(objects::ObjectStore& store, objects::BucketSettings& settings,
                             const Clock& clock, const Logger& logger, Duration interval)
    : settings_(settings),
      logger_(logger),
      sweep_(store, clock, [this](const BucketName& bucket) { return rules_of(bucket); }),
      loop_("lifecycle", interval, [this](const std::stop_token&) { run(); }) {}

std::vector<objects::LifecycleRule> LifecycleLoop::rules_of(const BucketName& bucket) const {
  const objects::SettingText kept = settings_.setting(bucket, objects::SettingKind::kLifecycle);
  if (kept == nullptr) return {};
  auto rules = services::lifecycle_rules(*kept);
  if (rules.ok()) return std::move(*rules);
  logger_.error("lifecycle rules cannot be read",
                {{"bucket", *bucket}, {"error", rules.error().message}});
  return {};
}

void LifecycleLoop::run() {
  const Result<std::size_t> removed = sweep_.run();
  if (!removed.ok()) {
    logger_.error("a lifecycle sweep ended early", {{"error", removed.error().message}});
  } else if (*removed > 0) {
    logger_.info("lifecycle rules removed objects", {{"objects", std::to_string(*removed)}});
  }
}

}  // namespace clary::apps
