#include "hosting/async_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace clary::hosting {

using std::chrono::seconds;

namespace {

constexpr const char* kWaitingSpace = "async-calls";
constexpr Duration kAsyncLook = seconds(1);
constexpr Duration kPause = seconds(1);  // after an endpoint could not take a call
// Source: AWS, "Asynchronous inference": payloads of up to 1 GB.
constexpr std::uint64_t kInputBytes = 1ULL << 30;

std::string refusal_of(const EndpointAnswer& answer) {
  return fmt::format("Received {} error ({}) from {} with message \"{}\"",
                     answer.status / 100 == 4 ? "client" : "server", answer.status,
                     answer.container, answer.body);
}

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
  CLARY_TRY(const std::vector<domain::KeptRecord> all,
            domain::list_all(parts_.records, kWaitingSpace));
  for (const domain::KeptRecord& record : all) {
    auto waiting = read_waiting(record);
    if (!waiting.ok()) return waiting.error().within("call '" + record.key + "'");
    MutexLock lock(mutex_);
    lines_[waiting->endpoint_id].waiting.emplace(record.key, std::move(waiting).value());
  }
  return {};
}

Result<AsyncTicket> AsyncQueue::submit(AsyncCall call) {
  CLARY_TRY(const AsyncRules rules, parts_.rules(call.endpoint));
  const std::string id = parts_.ids.uuid();
  WaitingCall waiting = waiting_call(std::move(call), rules, id, parts_.clock.now());
  const domain::KeptRecord record = record_of(waiting, id);
  CLARY_RETURN_IF_ERROR(parts_.records.put(kWaitingSpace, record));
  AsyncTicket ticket = waiting.ticket;
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
}

void AsyncQueue::look_at(const std::string& endpoint_id, const EndpointName& endpoint) {
  int places = 0;
  const auto rules = parts_.rules(endpoint);
  if (rules.ok() && rules->endpoint_id == endpoint_id) {
    places = rules->instances * rules->rules.max_concurrent;
  } else if (is_gone(endpoint_id, endpoint)) {
    return drop(endpoint_id);
  }
  while (auto call = take(endpoint_id, places)) {
    std::uint64_t epoch = 0;
    {
      MutexLock lock(mutex_);
      epoch = epoch_;
    }
    const auto shared = std::make_shared<const Calls::value_type>(*std::move(call));
    if (parts_.post([this, shared, epoch] { run(*shared, epoch); })) continue;
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
std::optional<AsyncQueue::Calls::value_type> AsyncQueue::take(const std::string& endpoint_id,
                                                              int places) {
  MutexLock lock(mutex_);
  Line& line = lines_[endpoint_id];
  if (stopping_ || line.waiting.empty()) return std::nullopt;
  const auto first = line.waiting.begin();
  const bool has_place = line.under_way < places && parts_.clock.steady() >= line.not_before;
  if (!has_place && !is_expired(first->second)) return std::nullopt;
  Calls::value_type taken = *first;
  line.waiting.erase(first);
  ++line.under_way;
  return taken;
}

void AsyncQueue::put_back(const Calls::value_type& call, Duration not_before) {
  MutexLock lock(mutex_);
  Line& line = lines_[call.second.endpoint_id];
  --line.under_way;
  line.waiting.insert(call);
  line.not_before = not_before;
}

void AsyncQueue::run(const Calls::value_type& call, std::uint64_t epoch) {
  const Outcome outcome = carry_out(call.second);
  {
    MutexLock lock(mutex_);
    if (epoch != epoch_) return;  // it was forgotten meanwhile
  }
  if (outcome == Outcome::kLater) return put_back(call, parts_.clock.steady() + kPause);
  if (const Status removed = parts_.records.remove(kWaitingSpace, call.first); !removed.ok()) {
    parts_.logger.warning("a call that is answered may be carried out again",
                          {{"call", call.first}, {"error", removed.error().message}});
  }
  {
    MutexLock lock(mutex_);
    --lines_[call.second.endpoint_id].under_way;
  }
  wake();
}

bool AsyncQueue::is_expired(const WaitingCall& call) const {
  return parts_.clock.now() - call.accepted > call.call.time_to_live;
}

AsyncQueue::Outcome AsyncQueue::carry_out(const WaitingCall& call) {
  if (is_expired(call)) {
    return fail(call, fmt::format("The request waited longer than its {} seconds.",
                                  call.call.time_to_live / seconds(1)));
  }
  auto input = input_of(call);
  if (!input.ok()) return fail(call, input.error().message);
  EndpointCall asked;
  asked.endpoint = call.call.endpoint;
  asked.request_id = call.ticket.inference_id;
  asked.content_type = call.call.content_type;
  asked.accept = call.call.accept;
  asked.custom_attributes = call.call.custom_attributes;
  asked.inference_id = call.ticket.inference_id;
  asked.limit = call.call.limit;
  asked.body = std::move(input->body);
  const auto answer = parts_.calls.invoke(std::move(asked));
  const bool success = answer.ok() && answer->status / 100 == 2;
  if (!success) {
    {
      MutexLock lock(mutex_);
      if (stopping_) return Outcome::kLater;  // the server's end may be why
    }
    if (answer.ok()) return fail(call, refusal_of(*answer));
    if (answer.error().code == ErrorCode::kUnavailable) return Outcome::kLater;
    return fail(call, answer.error().message);
  }
  const Status written = write(
      call, call.ticket.output_uri,
      {.content_type = answer->content_type.value_or("binary/octet-stream"), .body = answer->body});
  if (!written.ok()) return fail(call, written.error().message);
  parts_.log.note(call.call.endpoint, answer->variant,
                  completed_event(call, answer->content_type, parts_.clock.now()));
  return Outcome::kDone;
}

AsyncQueue::Outcome AsyncQueue::fail(const WaitingCall& call, const std::string& reason) {
  std::string told = reason;
  if (!call.ticket.failure_uri.empty()) {
    const Status written =
        write(call, call.ticket.failure_uri, {.content_type = "text/plain", .body = reason});
    if (!written.ok()) told += "; and this could not be written: " + written.error().message;
  }
  parts_.log.note(call.call.endpoint, call.variant, failed_event(call, told, parts_.clock.now()));
  return Outcome::kDone;
}

Result<RoleBytes> AsyncQueue::input_of(const WaitingCall& call) {
  if (call.call.input_uri.empty()) return RoleBytes{.content_type = "", .body = call.call.body};
  CLARY_TRY(objects::ObjectUri place, objects::parse_object_uri(call.call.input_uri));
  return parts_.objects.read({.role = call.role, .place = std::move(place)}, kInputBytes);
}

Status AsyncQueue::write(const WaitingCall& call, const std::string& uri, RoleBytes bytes) {
  CLARY_TRY(objects::ObjectUri place, objects::parse_object_uri(uri));
  return parts_.objects.write({.role = call.role, .place = std::move(place)}, std::move(bytes));
}

}  // namespace clary::hosting
