#include "hosting/async_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace clary::hosting {

using std::chrono::seconds;

namespace {

constexpr const char* kWaitingSpace = "async-calls";
constexpr const char* kUntold = "binary/octet-stream";  // S3's type of objects without one
constexpr std::size_t kReadPage = 100;  // records in memory at a time: they have bodies
constexpr Duration kAsyncLook = seconds(1);
constexpr Duration kPause = seconds(1);  // after an endpoint could not take a call
// Source: AWS, "Asynchronous inference": payloads of up to 1 GB.
constexpr std::uint64_t kInputBytes = 1ULL << 30;

std::string refusal_of(const EndpointAnswer& answer) {
  return fmt::format("Received {} error ({}) from {} with message \"{}\"",
                     answer.status / 100 == 4 ? "client" : "server", answer.status,
                     answer.container, answer.body);
}

// Counts an input while it is in memory.
class HeldInput {
 public:
  HeldInput(std::atomic<std::uint64_t>& all, std::uint64_t bytes) : all_(all), bytes_(bytes) {
    all_ += bytes_;
  }
  HeldInput(const HeldInput&) = delete;
  HeldInput& operator=(const HeldInput&) = delete;
  ~HeldInput() { all_ -= bytes_; }

 private:
  std::atomic<std::uint64_t>& all_;
  const std::uint64_t bytes_;
};

}  // namespace

AsyncQueue::~AsyncQueue() { stop(); }

Status AsyncQueue::start() {
  CLARY_RETURN_IF_ERROR(read());
  MutexLock lock(mutex_);
  loop_ =
      std::make_unique<Loop>("async calls", kAsyncLook, [this](const std::stop_token&) { look(); });
  return {};
}

void AsyncQueue::stop() {
  std::unique_ptr<Loop> loop;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    loop = std::move(loop_);
  }
}

Status AsyncQueue::read() {
  std::string last;
  for (;;) {
    CLARY_TRY(const std::vector<domain::KeptRecord> page,
              parts_.records.list(kWaitingSpace, last, kReadPage));
    for (const domain::KeptRecord& record : page) read(record);
    if (page.size() < kReadPage) return {};
    last = page.back().key;
  }
}

void AsyncQueue::read(const domain::KeptRecord& record) {
  auto waiting = read_waiting(record);
  if (!waiting.ok()) {
    return parts_.logger.warning("a call that waits cannot be read",
                                 {{"call", record.key}, {"error", waiting.error().message}});
  }
  waiting->call.body = std::string();
  MutexLock lock(mutex_);
  lines_[waiting->endpoint_id].waiting.emplace(record.key, std::move(waiting).value());
}

Result<AsyncTicket> AsyncQueue::submit(AsyncCall call) {
  CLARY_TRY(const AsyncRules rules, parts_.rules(call.endpoint));
  const std::string id = parts_.ids.uuid();
  WaitingCall waiting = waiting_call(std::move(call), rules, id, parts_.clock.now());
  const domain::KeptRecord record = record_of(waiting, id);
  CLARY_RETURN_IF_ERROR(parts_.records.put(kWaitingSpace, record));
  AsyncTicket ticket = waiting.ticket;
  waiting.call.body = std::string();
  {
    MutexLock lock(mutex_);
    lines_[waiting.endpoint_id].waiting.emplace(record.key, std::move(waiting));
  }
  wake();
  return ticket;
}

void AsyncQueue::wake() {
  MutexLock lock(mutex_);
  if (loop_ != nullptr) loop_->wake();
}

void AsyncQueue::clear() {
  MutexLock lock(mutex_);
  lines_.clear();
  ++epoch_;
}

void AsyncQueue::look() {
  std::vector<std::pair<std::string, EndpointName>> endpoints;
  {
    MutexLock lock(mutex_);
    std::erase_if(lines_, [](const auto& line) {
      return line.second.waiting.empty() && line.second.under_way == 0;
    });
    for (const auto& [id, line] : lines_) {
      if (!line.waiting.empty())
        endpoints.emplace_back(id, line.waiting.begin()->second.call.endpoint);
    }
  }
  for (const auto& [id, endpoint] : endpoints) look_at(id, endpoint);
  measure();
}

// Source: AWS, "Monitor asynchronous endpoint": what is being processed counts too.
void AsyncQueue::measure() {
  for (const AsyncRules& rules : parts_.all_rules()) {
    AsyncBacklog backlog{.endpoint = rules.endpoint, .instances = rules.instances};
    MutexLock lock(mutex_);
    if (const auto found = lines_.find(rules.endpoint_id); found != lines_.end()) {
      const Line& line = found->second;
      backlog.calls = line.waiting.size() + static_cast<std::size_t>(line.under_way);
      if (!line.waiting.empty())
        backlog.oldest = parts_.clock.now() - line.waiting.begin()->second.accepted;
    }
    parts_.metrics.note(backlog);
  }
}

void AsyncQueue::look_at(const std::string& endpoint_id, const EndpointName& endpoint) {
  int places = 0;
  const auto rules = parts_.rules(endpoint);
  if (rules.ok() && rules->endpoint_id == endpoint_id) {
    places = rules->instances * rules->rules.max_concurrent;
  } else if (is_gone(endpoint_id, endpoint)) {
    return drop(endpoint_id);
  }
  while (auto taken = take(endpoint_id, places)) {
    const auto shared = std::make_shared<const Taken>(*std::move(taken));
    if (parts_.post([this, shared] { run(*shared); })) continue;
    return put_back(*shared, parts_.clock.steady());
  }
}

// By what is written down: nothing is known of instances before the first look at them.
bool AsyncQueue::is_gone(const std::string& endpoint_id, const EndpointName& endpoint) {
  const auto found = parts_.endpoints.find_endpoint(endpoint);
  if (found.ok()) return found->id != endpoint_id;
  return found.error().code == ErrorCode::kNotFound;
}

// Source: AWS, DeleteEndpoint: what waits for an endpoint goes with it.
void AsyncQueue::drop(const std::string& endpoint_id) {
  Calls dropped;
  {
    MutexLock lock(mutex_);
    dropped.swap(lines_[endpoint_id].waiting);
  }
  for (const auto& [key, call] : dropped) {
    if (const Status removed = parts_.records.remove(kWaitingSpace, key); !removed.ok())
      parts_.logger.warning("a call that waits for no endpoint stays",
                            {{"call", key}, {"error", removed.error().message}});
  }
}

// One that has waited too long needs no place.
std::optional<AsyncQueue::Taken> AsyncQueue::take(const std::string& endpoint_id, int places) {
  MutexLock lock(mutex_);
  Line& line = lines_[endpoint_id];
  if (stopping_) return std::nullopt;
  const bool has_place = line.under_way < places && parts_.clock.steady() >= line.not_before;
  const auto next = has_place ? line.waiting.begin()
                              : std::ranges::find_if(line.waiting, [this](const auto& each) {
                                  return is_expired(each.second);
                                });
  if (next == line.waiting.end()) return std::nullopt;
  Taken taken{.key = next->first, .call = next->second, .epoch = epoch_};
  line.waiting.erase(next);
  ++line.under_way;
  return taken;
}

void AsyncQueue::put_back(const Taken& taken, Duration not_before) {
  MutexLock lock(mutex_);
  if (taken.epoch != epoch_) return;  // it was forgotten meanwhile
  Line& line = lines_[taken.call.endpoint_id];
  --line.under_way;
  line.waiting.emplace(taken.key, taken.call);
  line.not_before = not_before;
}

void AsyncQueue::run(const Taken& taken) {
  if (carry_out(taken) == Outcome::kLater) return put_back(taken, parts_.clock.steady() + kPause);
  if (const Status removed = parts_.records.remove(kWaitingSpace, taken.key); !removed.ok()) {
    parts_.logger.warning("a call that is answered may be carried out again",
                          {{"call", taken.key}, {"error", removed.error().message}});
  }
  {
    MutexLock lock(mutex_);
    if (taken.epoch != epoch_) return;
    --lines_[taken.call.endpoint_id].under_way;
  }
  wake();
}

bool AsyncQueue::is_expired(const WaitingCall& call) const {
  return parts_.clock.now() - call.accepted > call.call.time_to_live;
}

bool AsyncQueue::is_stopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

AsyncQueue::Outcome AsyncQueue::carry_out(const Taken& taken) {
  const WaitingCall& call = taken.call;
  if (is_stopping()) return Outcome::kLater;
  if (is_expired(call)) {
    return fail(call, fmt::format("The request waited longer than its {} seconds.",
                                  call.call.time_to_live / seconds(1)));
  }
  const std::uint64_t room = parts_.held_bytes - std::min(parts_.held_bytes, held_.load());
  auto input = input_of(taken, std::min(kInputBytes, room));
  if (!input.ok()) {
    const bool may_fit = input.error().code == ErrorCode::kLimitExceeded && room < kInputBytes;
    return may_fit ? Outcome::kLater : fail(call, input.error());
  }
  const HeldInput held(held_, input->body.size());
  EndpointCall asked;
  asked.endpoint = call.call.endpoint;
  asked.request_id = call.ticket.inference_id;
  asked.content_type = call.call.content_type;
  if (!asked.content_type && !input->content_type.empty()) asked.content_type = input->content_type;
  asked.accept = call.call.accept;
  asked.custom_attributes = call.call.custom_attributes;
  asked.inference_id = call.ticket.inference_id;
  asked.limit = call.call.limit;
  asked.body = std::move(input->body);
  auto answer = parts_.calls.invoke(std::move(asked));
  const bool success = answer.ok() && answer->status / 100 == 2;
  if (!success && is_stopping()) return Outcome::kLater;  // the server's end may be why
  if (success) return answered(call, std::move(answer).value());
  return answer.ok() ? fail(call, refusal_of(*answer)) : fail(call, answer.error());
}

AsyncQueue::Outcome AsyncQueue::answered(const WaitingCall& call, EndpointAnswer answer) {
  const Status written = write(
      call, call.ticket.output_uri,
      {.content_type = answer.content_type.value_or(kUntold), .body = std::move(answer.body)});
  if (!written.ok()) return fail(call, written.error());
  parts_.log.note(call.call.endpoint, answer.variant,
                  completed_event(call, answer.content_type, parts_.clock.now()));
  return Outcome::kDone;
}

// What is away now may be back soon: while its time is not over, the call waits for it.
AsyncQueue::Outcome AsyncQueue::fail(const WaitingCall& call, const Error& error) {
  if (error.code == ErrorCode::kUnavailable) return Outcome::kLater;
  return fail(call, error.message);
}

AsyncQueue::Outcome AsyncQueue::fail(const WaitingCall& call, const std::string& reason) {
  std::string told = reason;
  if (!call.ticket.failure_uri.empty()) {
    const Status written =
        write(call, call.ticket.failure_uri, {.content_type = "text/plain", .body = reason});
    const bool may_wait = !is_expired(call) && !written.ok();
    if (may_wait && written.error().code == ErrorCode::kUnavailable) return Outcome::kLater;
    if (!written.ok()) told += "; and this could not be written: " + written.error().message;
  }
  parts_.log.note(call.call.endpoint, call.variant, failed_event(call, told, parts_.clock.now()));
  return Outcome::kDone;
}

// Of an object its own content type, where it has one.
Result<RoleBytes> AsyncQueue::input_of(const Taken& taken, std::uint64_t limit_bytes) {
  const AsyncCall& call = taken.call.call;
  if (call.input_uri.empty()) {
    CLARY_TRY(const domain::KeptRecord record, parts_.records.find(kWaitingSpace, taken.key));
    CLARY_TRY(WaitingCall kept, read_waiting(record));
    return RoleBytes{.content_type = "", .body = std::move(kept.call.body)};
  }
  CLARY_TRY(objects::ObjectUri place, objects::parse_object_uri(call.input_uri));
  CLARY_TRY(RoleBytes bytes,
            parts_.objects.read({.role = taken.call.role, .place = std::move(place)}, limit_bytes));
  if (bytes.content_type == kUntold) bytes.content_type.clear();
  return bytes;
}

Status AsyncQueue::write(const WaitingCall& call, const std::string& uri, RoleBytes bytes) {
  CLARY_TRY(objects::ObjectUri place, objects::parse_object_uri(uri));
  return parts_.objects.write({.role = call.role, .place = std::move(place)}, std::move(bytes));
}

}  // namespace clary::hosting
