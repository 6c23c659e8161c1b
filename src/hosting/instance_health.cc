#include "hosting/instance_health.h"

#include <utility>

#include "base/json.h"
#include "net/client.h"

namespace clary::hosting {
namespace {

constexpr Duration kPingTimeout = std::chrono::seconds(2);
constexpr PoolSize kPingers{.places = 4, .queue = 4096};

}  // namespace

Health health_of(int status, const std::string& body) {
  if (status == 200) return {.answer = Health::Answer::kReady, .sentence = ""};
  Health health;
  const auto document = parse_json(body);
  if (!document.ok()) {
    health.sentence = "it answered with status " + std::to_string(status);
    return health;
  }
  if (document->string_or("type", "") == "ModelLoadFailed")
    health.answer = Health::Answer::kLoadFailed;
  health.sentence = document->string_or("message", "");
  return health;
}

Health ping(const std::string& address) {
  const auto client =
      net::Client::create(address, {.connect_timeout = kPingTimeout, .io_timeout = kPingTimeout});
  if (!client.ok()) return {};
  net::ClientRequest request{.target = "/ping"};
  request.headers.add("Connection", "close");
  const auto reply = (*client)->send(request);
  return reply.ok() ? health_of(reply->status, reply->body) : Health{};
}

HealthChecks::HealthChecks() : pool_(std::make_unique<ThreadPool>("ping", kPingers)) {}

void HealthChecks::ask(const JobName& job, const InstancePlace& place) {
  {
    MutexLock lock(mutex_);
    if (!asked_.insert(job).second) return;
  }
  if (pool_->try_post([this, job, place] { take(job, ping(place.address)); })) return;
  MutexLock lock(mutex_);
  asked_.erase(job);
}

void HealthChecks::take(const JobName& job, Health health) {
  bool changed = false;
  {
    MutexLock lock(mutex_);
    if (asked_.erase(job) == 0) return;  // forgotten meanwhile
    const auto [at, is_first] = answers_.try_emplace(job);
    changed = is_first || at->second != health;
    at->second = std::move(health);
  }
  if (changed) on_change_();
}

std::optional<Health> HealthChecks::last(const JobName& job) {
  MutexLock lock(mutex_);
  const auto found = answers_.find(job);
  return found == answers_.end() ? std::nullopt : std::optional<Health>(found->second);
}

void HealthChecks::forget(const JobName& job) {
  MutexLock lock(mutex_);
  asked_.erase(job);
  answers_.erase(job);
}

void HealthChecks::stop() { pool_.reset(); }

}  // namespace clary::hosting
