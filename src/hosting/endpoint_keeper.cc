#include "hosting/endpoint_keeper.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/strings.h"
#include "base/time_text.h"
#include "hosting/serving_job.h"

namespace clary::hosting {

using domain::Endpoint;
using domain::EndpointStatus;
using domain::Job;
using domain::JobKind;
using domain::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t kGangIdCharacters = 16;
constexpr Duration kInterval = seconds(1);
// While an endpoint changes: how long after its model is there an instance is seen to be ready.
constexpr Duration kShortInterval = milliseconds(20);
constexpr Duration kAskReady = seconds(5);
constexpr Duration kAskStarting = milliseconds(200);
constexpr int kStartingShare = 50;  // one that starts is asked after so much of its age
constexpr Duration kDoubtPause = milliseconds(200);
constexpr int kRecordsInARow = 8;  // one endpoint goes through in a look
constexpr std::size_t kPage = 1000;

const std::vector<Phase> kLivePhases = {Phase::kPending,  Phase::kStarting,  Phase::kDownloading,
                                        Phase::kTraining, Phase::kUploading, Phase::kStopping};

bool is_changing(EndpointStatus status) {
  return status != EndpointStatus::kInService && status != EndpointStatus::kFailed;
}

bool is_due(const KnownContainer& container, Duration age, Duration now) {
  const Duration pause =
      container.ready ? kAskReady : std::clamp(age / kStartingShare, Duration(0), kAskStarting);
  return container.asked < Duration(0) || now - container.asked >= pause;
}

}  // namespace

EndpointKeeper::~EndpointKeeper() { stop(); }

void EndpointKeeper::start() {
  MutexLock lock(loop_mutex_);
  loop_ =
      std::make_unique<Loop>("endpoints", kInterval, [this](const std::stop_token&) { look(); });
}

void EndpointKeeper::stop() {
  std::unique_ptr<Loop> loop;
  {
    MutexLock lock(loop_mutex_);
    loop = std::move(loop_);
  }
  if (loop == nullptr) return;
  loop.reset();
  MutexLock lock(looking_);
  metrics_given_ = Duration(0);
  give_metrics();
}

void EndpointKeeper::wake() {
  MutexLock lock(loop_mutex_);
  if (loop_ != nullptr) loop_->wake();
}

void EndpointKeeper::doubt() {
  const std::int64_t now = parts_.clock.steady().count();
  std::int64_t last = doubted_.load();
  if (now - last < kDoubtPause.count() || !doubted_.compare_exchange_strong(last, now)) return;
  doubts_ = true;
  wake();
}

void EndpointKeeper::pause() {
  MutexLock lock(looking_);
  paused_ = true;
  for (auto& [id, book] : books_) {
    for (const auto& [name, container] : book.containers()) parts_.health.forget(name);
  }
  books_.clear();
  instances_.clear();
  serverless_.clear();
  table_ = std::make_shared<const LiveTable>();
  parts_.live.replace(table_);
  [[maybe_unused]] const auto forgotten = parts_.counted.take(parts_.clock.now());
}

void EndpointKeeper::resume() {
  {
    MutexLock lock(looking_);
    paused_ = false;
  }
  wake();
}

void EndpointKeeper::look() {
  Duration interval = kInterval;
  {
    MutexLock lock(looking_);
    if (paused_) return;
    if (const Status looked = look_at_all(); !looked.ok())
      parts_.logger.warning("endpoints cannot be looked at", {{"error", looked.error().message}});
    give_metrics();
    interval = next_interval();
  }
  MutexLock lock(loop_mutex_);
  if (loop_ != nullptr) loop_->set_interval(interval);
}

Status EndpointKeeper::look_at_all() {
  CLARY_TRY(const std::vector<Endpoint> endpoints, all_endpoints());
  CLARY_RETURN_IF_ERROR(read_jobs(endpoints));
  changing_ = false;
  if (doubts_.exchange(false)) {
    for (auto& [id, book] : books_) {
      for (auto& [name, container] : book.containers()) container.asked = Duration(-1);
    }
  }
  LiveTable table;
  std::vector<Tended> all;
  for (const Endpoint& endpoint : endpoints) {
    auto tended = tend(endpoint);
    if (!tended.ok()) {
      parts_.logger.warning("an endpoint cannot be kept", {{"endpoint", endpoint.name.value()},
                                                           {"error", tended.error().message}});
      const auto before = table_->find(to_lower(endpoint.name.value()));
      if (before != table_->end()) table.insert(*before);
      continue;
    }
    changing_ = changing_ || is_changing(tended->endpoint.status) || tended->starting;
    for (const InstanceId& instance : tended->plan.start) begin_instance(*tended, instance);
    table.emplace(to_lower(endpoint.name.value()), live_endpoint(*tended));
    all.push_back(std::move(tended).value());
  }
  table_ = std::make_shared<const LiveTable>(std::move(table));
  parts_.live.replace(table_);
  // No call begins any more with what is stopped now.
  for (const Tended& tended : all) {
    for (const InstanceStop& order : tended.plan.stop) stop_instance(tended.endpoint, order);
    if (!tended.plan.remove) {
      forget(tended.endpoint, books_[tended.endpoint.id]);
    } else if (const Status removed = remove(tended.endpoint); !removed.ok()) {
      parts_.logger.warning(
          "an endpoint cannot be removed",
          {{"endpoint", tended.endpoint.name.value()}, {"error", removed.error().message}});
    }
  }
  return {};
}

Result<std::vector<Endpoint>> EndpointKeeper::all_endpoints() {
  std::vector<Endpoint> all;
  domain::ResourceQuery query{
      .order = domain::ResourceQuery::Order::kName, .descending = false, .limit = kPage};
  do {
    CLARY_TRY(domain::Page<Endpoint> page, parts_.endpoints.list_endpoints(query));
    std::ranges::move(page.records, std::back_inserter(all));
    query.after = page.next;
  } while (!query.after.empty());
  return all;
}

Result<std::vector<Job>> EndpointKeeper::jobs_of(domain::JobQuery query) {
  std::vector<Job> all;
  query.kind = JobKind::kServing;
  query.limit = kPage;
  do {
    CLARY_TRY(domain::JobPage page, parts_.jobs.list(query));
    std::ranges::move(page.jobs, std::back_inserter(all));
    query.after = page.next;
  } while (!query.after.empty());
  return all;
}

Status EndpointKeeper::read_jobs(const std::vector<Endpoint>& endpoints) {
  const TimePoint now = parts_.clock.now();
  std::set<std::string> wanted;
  for (const Endpoint& endpoint : endpoints) {
    wanted.insert(endpoint.id);
    if (books_.contains(endpoint.id)) continue;
    // For the first time, with those that have ended: their numbers are not given again.
    CLARY_TRY(const std::vector<Job> jobs, jobs_of({.name_contains = endpoint.id}));
    InstanceBook& book = books_[endpoint.id];
    for (const Job& job : jobs) {
      if (job.spec.place && job.spec.place->endpoint_id == endpoint.id) book.note(job, now);
    }
  }
  CLARY_TRY(const std::vector<Job> live, jobs_of({.phases = kLivePhases}));
  std::set<JobName> alive;
  for (const Job& job : live) {
    if (!job.spec.place) continue;
    alive.insert(job.name);
    InstanceBook& book = books_[job.spec.place->endpoint_id];
    book.note(job, now);
    if (!wanted.contains(job.spec.place->endpoint_id)) stop_job(book, job);  // of no endpoint
  }
  for (auto at = books_.begin(); at != books_.end();) {
    std::vector<JobName> ended;
    for (const auto& [name, container] : at->second.containers()) {
      if (!container.has_ended() && !alive.contains(name)) ended.push_back(name);
    }
    for (const JobName& name : ended) {
      const auto job = parts_.jobs.find(JobKind::kServing, name);
      if (job.ok()) at->second.note(*job, now);
      if (!job.ok() && job.error().code == ErrorCode::kNotFound) at->second.forget(name);
    }
    const bool lives = std::ranges::any_of(
        at->second.containers(), [](const auto& known) { return !known.second.has_ended(); });
    at = lives || wanted.contains(at->first) ? std::next(at) : books_.erase(at);
  }
  return {};
}

void EndpointKeeper::check_health(InstanceBook& book) {
  const Duration steady = parts_.clock.steady();
  const TimePoint now = parts_.clock.now();
  for (auto& [name, container] : book.containers()) {
    if (container.has_ended() || container.is_stopping()) continue;
    if (const auto health = parts_.health.last(name)) book.note(name, *health, now);
    if (!container.place) {
      auto found = parts_.places.find(container.job);
      if (found.ok()) container.place = *std::move(found);
    }
    const Duration age = now - container.job.created;
    if (!container.place || !is_due(container, age, steady)) continue;
    container.asked = steady;
    parts_.health.ask(name, *container.place);
  }
}

Result<EndpointKeeper::Tended> EndpointKeeper::tend(Endpoint endpoint) {
  InstanceBook& book = books_[endpoint.id];
  check_health(book);
  for (int i = 0; i < kRecordsInARow; ++i) {
    const std::vector<InstanceView> views = book.views(endpoint);
    const auto demands = serverless_.demands(endpoint, parts_.clock.steady());
    Tended tended{.plan = plan(endpoint, views, parts_.clock.now(), demands), .endpoint = endpoint};
    tended.starting =
        !tended.plan.start.empty() ||
        std::ranges::find(views, InstanceState::kStarting, &InstanceView::state) != views.end();
    if (!tended.plan.record) return tended;
    const Status committed = parts_.endpoints.commit_endpoint(*tended.plan.record);
    if (!committed.ok() && committed.error().code != ErrorCode::kConflict) return committed.error();
    if (!committed.ok()) return unavailable("it is being changed");
    endpoint = *std::move(tended.plan.record);
    ++endpoint.version;
    parts_.logger.info("endpoint",
                       {{"name", endpoint.name.value()},
                        {"status", std::string(domain::endpoint_status_name(endpoint.status))},
                        {"reason", endpoint.failure_reason}});
  }
  return internal_error("its record changes without end");
}

// Whoever reads the table finds in it what a call of a serverless variant waits for.
LiveEndpoint EndpointKeeper::live_endpoint(const Tended& tended) {
  const Endpoint& endpoint = tended.endpoint;
  InstanceBook& book = books_[endpoint.id];
  LiveEndpoint live = instances_.endpoint(endpoint, tended.plan, book);
  serverless_.attach(endpoint, book.views(endpoint), live);
  for (const auto& start :
       serverless_.started(endpoint.id, tended.plan.calls, parts_.clock.steady())) {
    parts_.counted.count_setup(endpoint.name, start.variant, start.took);
    parts_.log.note(endpoint.name, start.variant,
                    "Cold start: an instance takes calls after " + format_duration(start.took));
  }
  return live;
}

void EndpointKeeper::tell_notices(const Endpoint& endpoint, const InstanceId& first) {
  for (const auto* generation : {&endpoint.serving, &endpoint.next}) {
    if (!*generation || (*generation)->number != first.generation) continue;
    if ((*generation)->variants.front().asked.name != first.variant) continue;
    for (const std::string& notice : (*generation)->notices)
      parts_.log.note(endpoint.name, first.variant, notice);
  }
}

void EndpointKeeper::begin_instance(const Tended& tended, const InstanceId& instance) {
  const domain::EndpointVariant* const variant = find_variant(tended.endpoint, instance);
  if (variant == nullptr) return;
  if (instance.number == 1) tell_notices(tended.endpoint, instance);
  if (variant->asked.serverless)
    serverless_.began(tended.endpoint.id, instance, parts_.clock.steady());
  InstanceBook& book = books_[tended.endpoint.id];
  const TimePoint now = parts_.clock.now();
  for (std::size_t i = 0; i < variant->containers.size(); ++i) {
    Job job = serving_job(tended.endpoint, *variant, instance, i);
    if (book.containers().contains(job.name)) continue;
    job.gang = GangId(parts_.ids.hex(kGangIdCharacters));
    const JobName name = job.name;
    auto created = parts_.changes.create(std::move(job), {}, {});
    // Of an earlier instance of this number: its end is known from now on, and it has another.
    if (!created.ok() && created.error().code == ErrorCode::kAlreadyExists)
      created = parts_.jobs.find(JobKind::kServing, name);
    if (created.ok()) {
      began_ = parts_.clock.steady();
      book.note(*created, now);
    } else {
      parts_.logger.error(
          "an instance cannot be started",
          {{"endpoint", tended.endpoint.name.value()}, {"error", created.error().message}});
    }
  }
}

void EndpointKeeper::stop_instance(const Endpoint& endpoint, const InstanceStop& order) {
  if (!order.at_once && instances_.is_busy(endpoint.id, order.id)) {
    changing_ = true;
    return;
  }
  InstanceBook& book = books_[endpoint.id];
  const domain::EndpointVariant* const variant = find_variant(endpoint, order.id);
  if (variant != nullptr && variant->asked.serverless && !order.at_once) {
    parts_.log.note(endpoint.name, order.id.variant,
                    "No calls for " + format_duration(serverless_.patience()) +
                        ": the instance is stopped; the next call starts one");
  }
  for (const KnownContainer* container : book.of(order.id)) {
    if (!container->has_ended() && !container->is_stopping()) stop_job(book, container->job);
  }
  instances_.forget(endpoint.id, order.id);
}

void EndpointKeeper::stop_job(InstanceBook& book, const Job& job) {
  if (job.phase == Phase::kStopping) return;
  const auto stopped =
      parts_.changes.apply(job.key(), {.kind = domain::JobEventKind::kStopRequested});
  if (stopped.ok()) {
    book.note(*stopped, parts_.clock.now());
  } else if (stopped.error().code != ErrorCode::kConflict) {  // else it has ended
    parts_.logger.warning("an instance cannot be stopped",
                          {{"job", job.name.value()}, {"error", stopped.error().message}});
  }
}

// Its tags go with it: the next of its name has its own.
Status EndpointKeeper::remove(const Endpoint& endpoint) {
  CLARY_TRY(const std::vector<domain::Tag> tags, parts_.jobs.tags(endpoint.arn));
  std::vector<std::string> keys;
  for (const domain::Tag& tag : tags) keys.push_back(tag.key);
  if (!keys.empty()) CLARY_RETURN_IF_ERROR(parts_.jobs.remove_tags(endpoint.arn, keys));
  const Status removed = parts_.endpoints.remove_endpoint(endpoint.name);
  if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) return removed;
  for (const auto& [name, container] : books_[endpoint.id].containers()) parts_.health.forget(name);
  books_.erase(endpoint.id);
  instances_.forget(endpoint.id);
  serverless_.forget(endpoint.id);
  parts_.logger.info("endpoint removed", {{"name", endpoint.name.value()}});
  return {};
}

// What has ended is asked no more, and nothing is sent to it.
void EndpointKeeper::forget(const Endpoint& endpoint, InstanceBook& book) {
  for (auto& [name, container] : book.containers()) {
    if (!container.has_ended() || !container.place) continue;
    container.place.reset();
    parts_.health.forget(name);
    instances_.forget(endpoint.id, instance_of(container.part()));
  }
  for (const JobName& name : book.prune(endpoint)) parts_.health.forget(name);
}

void EndpointKeeper::give_metrics() {
  const Duration now = parts_.clock.steady();
  if (metrics_given_ > Duration(0) && now - metrics_given_ < parts_.metrics_interval) return;
  metrics_given_ = now;
  const auto batch = parts_.counted.take(parts_.clock.now());
  if (batch.empty()) return;
  if (const Status given = parts_.metrics.append(batch, std::nullopt); !given.ok())
    parts_.logger.warning("metrics of endpoints are lost", {{"error", given.error().message}});
}

// What takes long need not be seen at once.
Duration EndpointKeeper::next_interval() {
  if (!changing_) return kInterval;
  return std::clamp((parts_.clock.steady() - began_) / kStartingShare, kShortInterval,
                    kAskStarting);
}

}  // namespace clary::hosting
