#include "serving/model_manager.h"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr std::size_t kMostModels = 1024;
constexpr std::size_t kMostTasks = 1 << 20;  // loads and ends: never too many for so many models
constexpr Duration kRetireLimit = std::chrono::seconds(60);
constexpr Duration kLetGoLook = std::chrono::milliseconds(1);
constexpr Duration kDrainLook = std::chrono::milliseconds(200);
constexpr const char* kEnding = "the server is ending";

Refusal refusal_of(const Error& error) {
  const bool absent = error.code == ErrorCode::kNotFound;
  const bool later = error.code == ErrorCode::kUnavailable;
  return {.sentence = error.message, .status = later ? 503 : absent ? 404 : 400};
}

}  // namespace

ModelManager::ModelManager(ModelOpener& opener, ManagerOptions options, const Clock& clock,
                           const Logger& logger)
    : opener_(opener),
      options_(std::move(options)),
      clock_(clock),
      logger_(logger),
      loaders_(std::make_unique<ThreadPool>(
          "model-loader", PoolSize{.places = std::max<std::size_t>(options_.loads_at_once, 1),
                                   .queue = kMostTasks})),
      upkeep_(std::make_unique<Loop>("model-upkeep", options_.upkeep_interval,
                                     [this](const std::stop_token&) { upkeep(); })) {}

ModelManager::~ModelManager() { stop(); }

// Precondition: the model is not there, and nothing is stopping.
void ModelManager::begin_load(const std::string& name, Entry entry) {
  const std::string url = entry.url;
  entry.last_used = clock_.steady();
  entries_.insert_or_assign(name, std::move(entry));
  loaders_->try_post([this, name, url] { run_load(name, url); });
}

void ModelManager::load(const std::string& name, const std::string& url, bool pinned, Done done) {
  const Result<std::string> source = allowed_source(options_.roots, url);
  std::optional<Error> refused;
  if (!source.ok()) refused = source.error();
  {
    MutexLock lock(mutex_);
    if (!refused && stopping_) refused = unavailable(kEnding);
    if (!refused && entries_.contains(name))
      refused = already_exists("model '" + name + "' is loaded already");
    if (!refused && entries_.size() >= kMostModels)
      refused = limit_exceeded("there are " + std::to_string(entries_.size()) + " models");
    if (!refused) {
      Entry entry;
      entry.url = *source;
      entry.pinned = pinned;
      entry.done = std::move(done);
      return begin_load(name, std::move(entry));
    }
  }
  done(*refused);
}

void ModelManager::run_load(const std::string& name, const std::string& url) {
  const Result<Unit> opened = open(name, url);
  // Not under the mutex: the kernel walks through all of their memory.
  const std::uint64_t measured = opened.ok() ? (*opened)->memory_bytes() : 0;
  std::vector<PendingCall> waiting;
  Done done;
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(name);
    waiting = std::move(entry->second.waiting);
    done = std::move(entry->second.done);
    if (opened.ok()) {
      entry->second.unit = *opened;
      entry->second.waiting.clear();
      entry->second.done = nullptr;
      entry->second.last_used = clock_.steady();
      if (measured > 0) entry->second.bytes = measured;
    } else {
      entries_.erase(entry);
    }
  }
  if (!opened.ok()) {
    const Error why = opened.error().within("model '" + name + "'");
    logger_.error("a model could not be loaded", {{"model", name}, {"reason", why.message}});
    for (PendingCall& call : waiting) call.answer(why);
    if (done) done(why);
    return;
  }
  logger_.info("a model is loaded", {{"model", name}});
  for (PendingCall& call : waiting) {
    const auto answer = call.answer;
    if (const auto refused = (*opened)->live().submit(std::move(call)))
      answer(unavailable(refused->sentence));
  }
  if (done) done({});
}

Result<ModelManager::Unit> ModelManager::open(const std::string& name, const std::string& url) {
  Result<Unit> fetched = opener_.fetch(url, stop_.get_token());
  // An archive beyond its limits is a wrong one, not a want of memory.
  if (!fetched.ok() && fetched.error().code == ErrorCode::kLimitExceeded)
    return invalid_argument(fetched.error().message);
  CLARY_TRY(const Unit unit, std::move(fetched));
  CLARY_RETURN_IF_ERROR(admit(name, expected_bytes(unit->file_bytes(), options_.workers)));
  if (stop_.stop_requested()) return cancelled(kEnding);
  unit->live().start();
  const Status loaded = unit->live().wait_until_loaded(options_.load_limit, stop_.get_token());
  if (loaded.ok()) return unit;
  // What its own code does wrong is the model's fault, and no later attempt's luck.
  if (loaded.error().code == ErrorCode::kUnavailable) return internal_error(loaded.error().message);
  return loaded.error();
}

Status ModelManager::admit(const std::string& name, std::uint64_t bytes) {
  CLARY_TRY(std::vector<Unit> evicted, take_evicted(name, bytes));
  for (Unit& unit : evicted) retire(std::move(unit));
  return {};
}

Result<std::vector<ModelManager::Unit>> ModelManager::take_evicted(const std::string& name,
                                                                   std::uint64_t bytes) {
  std::vector<Unit> evicted;
  MutexLock lock(mutex_);
  const auto names = choose_evictions(held_but(name), bytes, options_.memory_bytes);
  if (!names) {
    return limit_exceeded("it needs about " + format_bytes(bytes) + " of the " +
                          format_bytes(options_.memory_bytes) +
                          " that models may take (--model-memory), and the others are pinned or at "
                          "work");
  }
  for (const std::string& gone : *names) {
    const auto entry = entries_.find(gone);
    logger_.info("a model makes room for others", {{"model", gone}});
    evicted.push_back(std::move(entry->second.unit));
    entries_.erase(entry);
  }
  const auto own = entries_.find(name);
  if (own != entries_.end()) own->second.bytes = bytes;
  return evicted;
}

std::vector<HeldModel> ModelManager::held_but(const std::string& name) const {
  std::vector<HeldModel> held;
  for (const auto& [other, entry] : entries_) {
    if (other == name) continue;
    const bool can_go =
        entry.unit != nullptr && !entry.pinned && entry.unit->live().under_way() == 0;
    held.push_back(
        {.name = other, .bytes = entry.bytes, .last_used = entry.last_used, .can_go = can_go});
  }
  return held;
}

// Nobody finds it any more: those who have it let go of it soon, and its calls are answered.
void ModelManager::retire(Unit unit) const {
  while (unit.use_count() > 1) std::this_thread::sleep_for(kLetGoLook);
  const Duration deadline = clock_.steady() + kRetireLimit;
  do {
    unit->live().drain(kDrainLook);
  } while (unit->live().under_way() > 0 && !stop_.stop_requested() && clock_.steady() < deadline);
}

Status ModelManager::unload(const std::string& name) {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(name);
  if (stopping_) return unavailable(kEnding);
  if (entry == entries_.end()) return not_found("no model '" + name + "' is loaded");
  if (entry->second.unit == nullptr)
    return conflict("model '" + name + "' is being loaded: it can be unloaded afterwards");
  Unit unit = std::move(entry->second.unit);
  entries_.erase(entry);
  // Its calls are answered meanwhile; the caller does not wait for them.
  loaders_->try_post([this, unit = std::move(unit)]() mutable { retire(std::move(unit)); });
  return {};
}

Status ModelManager::pin(const std::string& name, bool pinned) {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return not_found("no model '" + name + "' is loaded");
  entry->second.pinned = pinned;
  return {};
}

ManagedModel ModelManager::view_of(const std::string& name, const Entry& entry) {
  ManagedModel model{.name = name,
                     .url = entry.url,
                     .ready = entry.unit != nullptr,
                     .pinned = entry.pinned,
                     .memory_bytes = entry.bytes,
                     .calls = entry.waiting.size(),
                     .lanes = {}};
  if (entry.unit == nullptr) return model;
  model.calls = entry.unit->live().under_way();
  model.lanes = entry.unit->live().lanes();
  return model;
}

std::optional<ManagedModel> ModelManager::find(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return std::nullopt;
  return view_of(name, entry->second);
}

std::vector<ManagedModel> ModelManager::list(const std::string& after, std::size_t most) const {
  std::vector<ManagedModel> models;
  MutexLock lock(mutex_);
  for (auto entry = entries_.upper_bound(after); entry != entries_.end() && models.size() < most;
       ++entry)
    models.push_back(view_of(entry->first, entry->second));
  return models;
}

Readiness ModelManager::readiness() const {
  MutexLock lock(mutex_);
  return {.ready = !stopping_, .sentence = stopping_ ? kEnding : ""};
}

std::optional<Refusal> ModelManager::refusal_now(const std::string& model) const {
  if (stopping_) return Refusal{.sentence = kEnding};
  if (model.empty()) {
    return Refusal{.sentence =
                       "this server has many models: the header "
                       "X-Amzn-SageMaker-Target-Model names one",
                   .status = 400};
  }
  const auto entry = entries_.find(model);
  if (entry == entries_.end()) {
    if (options_.roots.from.empty())
      return Refusal{.sentence = "no model '" + model + "' is loaded", .status = 404};
    if (entries_.size() >= kMostModels)
      return Refusal{.sentence = "there are " + std::to_string(entries_.size()) + " models"};
    return std::nullopt;
  }
  if (entry->second.unit == nullptr && entry->second.waiting.size() >= options_.waiting) {
    return Refusal{.sentence =
                       "the queue is full: " + std::to_string(entry->second.waiting.size()) +
                       " requests wait until the model is loaded"};
  }
  return std::nullopt;
}

std::optional<Refusal> ModelManager::refusal(const std::string& model,
                                             std::uint64_t body_bytes) const {
  Unit unit;
  {
    MutexLock lock(mutex_);
    if (auto refused = refusal_now(model)) return refused;
    const auto entry = entries_.find(model);
    if (entry != entries_.end()) unit = entry->second.unit;
  }
  return unit == nullptr ? std::nullopt : unit->live().refusal(body_bytes);
}

std::optional<Refusal> ModelManager::submit(const std::string& model, PendingCall call) {
  Unit unit;
  std::string source;
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (auto refused = refusal_now(model)) return refused;
      const auto entry = entries_.find(model);
      if (entry != entries_.end()) {
        entry->second.last_used = clock_.steady();
        unit = entry->second.unit;
        if (unit != nullptr) break;
        entry->second.waiting.push_back(std::move(call));
        return std::nullopt;
      }
      if (!source.empty()) {
        Entry fresh;
        fresh.url = std::move(source);
        fresh.waiting.push_back(std::move(call));
        begin_load(model, std::move(fresh));
        return std::nullopt;
      }
    }
    // Not under the mutex: it asks the disk.
    Result<std::string> found = source_of_name(options_.roots, model);
    if (!found.ok()) return refusal_of(found.error());
    source = std::move(*found);
  }
  return unit->live().submit(std::move(call));
}

void ModelManager::count(const std::string& model, int status, Duration total,
                         const StageTimes& times) {
  Unit unit;
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(model);
    if (entry != entries_.end()) unit = entry->second.unit;
  }
  if (unit != nullptr) unit->metrics().count(status, total, times);
}

void ModelManager::write_metrics(telemetry::PrometheusText& text) const {
  std::vector<std::pair<std::string, Unit>> units;
  std::vector<ModelSeries> series;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, entry] : entries_) {
      if (entry.unit == nullptr) continue;
      units.emplace_back(name, entry.unit);
      series.push_back({.name = name,
                        .waiting = entry.unit->live().waiting(),
                        .lanes = entry.unit->live().lanes(),
                        .memory_bytes = entry.bytes});
    }
  }
  std::vector<ModelMetrics::Named> named;
  for (const auto& [name, unit] : units)
    named.push_back({.name = name, .metrics = &unit->metrics()});
  ModelMetrics::write(text, named);
  write_series(text, series);
}

void ModelManager::upkeep() {
  const Duration now = clock_.steady();
  std::vector<PendingCall> late;
  std::vector<std::pair<std::string, Unit>> units;
  {
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (entry.unit != nullptr) units.emplace_back(name, entry.unit);
      const auto first =
          std::stable_partition(entry.waiting.begin(), entry.waiting.end(),
                                [now](const PendingCall& call) { return now < call.deadline; });
      std::move(first, entry.waiting.end(), std::back_inserter(late));
      entry.waiting.erase(first, entry.waiting.end());
    }
  }
  for (PendingCall& call : late)
    call.answer(unavailable("it waited in vain for the model to be loaded"));
  for (const auto& [name, unit] : units) {
    const std::uint64_t measured = unit->memory_bytes();
    MutexLock lock(mutex_);
    const auto entry = entries_.find(name);
    if (measured > 0 && entry != entries_.end() && entry->second.unit == unit)
      entry->second.bytes = measured;
  }
  units.clear();
  // What was measured may be more than was expected.
  Result<std::vector<Unit>> evicted = take_evicted("", 0);
  if (!evicted.ok()) return;  // those that could go are not enough
  for (Unit& unit : *evicted) retire(std::move(unit));
}

void ModelManager::stop(Duration drain_limit) {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.request_stop();
  upkeep_.reset();
  loaders_.reset();
  const Duration deadline = clock_.steady() + drain_limit;
  Entries entries;
  {
    MutexLock lock(mutex_);
    entries.swap(entries_);
  }
  for (auto& [name, entry] : entries)
    entry.unit->live().drain(std::max(deadline - clock_.steady(), Duration(0)));
  for (auto& [name, entry] : entries) entry.unit->live().stop();
}

}  // namespace clary::serving
