#include "hosting/call_capture.h"

#include <fmt/format.h>

#include <utility>

namespace clary::hosting {
namespace {

constexpr Duration kCaptureLook = std::chrono::seconds(1);

// What a call takes of the memory beside its bodies.
constexpr std::size_t kCallBytes = 512;

std::size_t size_of(const CapturedCall& call) {
  return kCallBytes + call.input.size() + call.output.size();
}

// What one object holds. A name has no line end.
std::string batch_key(const CapturedCall& call) {
  return call.endpoint.value() + '\n' + call.variant + '\n' + call.rules->uri + '\n' + call.role;
}

}  // namespace

CallCapture::~CallCapture() { stop(); }

void CallCapture::start() {
  MutexLock lock(mutex_);
  loop_ = std::make_unique<Loop>("data capture", kCaptureLook,
                                 [this](const std::stop_token&) { write_due(); });
}

void CallCapture::stop() {
  std::unique_ptr<Loop> loop;
  {
    MutexLock lock(mutex_);
    loop = std::move(loop_);
  }
  loop.reset();
  write_all();
}

void CallCapture::take(CapturedCall call) {
  const std::size_t size = size_of(call);
  MutexLock lock(mutex_);
  const auto [at, is_new] = batches_.try_emplace(batch_key(call));
  Batch& batch = at->second;
  if (is_new) {
    batch.endpoint = call.endpoint;
    batch.variant = call.variant;
    batch.begun = parts_.clock.steady();
  }
  if (call.too_large || (bytes_ > 0 && bytes_ + size > limits_.memory_bytes)) {
    ++batch.dropped;
    return;
  }
  bytes_ += size;
  batch.bytes += size;
  batch.calls.push_back(std::move(call));
  if (batch.bytes >= limits_.object_bytes && loop_ != nullptr) loop_->wake();
}

void CallCapture::write_due() {
  const Duration now = parts_.clock.steady();
  std::vector<Batch> due;
  {
    MutexLock lock(mutex_);
    for (auto at = batches_.begin(); at != batches_.end();) {
      Batch& batch = at->second;
      if (batch.bytes < limits_.object_bytes && now - batch.begun < limits_.age) {
        ++at;
        continue;
      }
      bytes_ -= batch.bytes;
      due.push_back(std::move(batch));
      at = batches_.erase(at);
    }
  }
  for (const Batch& batch : due) write(batch);
}

void CallCapture::clear() {
  MutexLock lock(mutex_);
  batches_.clear();
  bytes_ = 0;
}

void CallCapture::write_all() {
  std::map<std::string, Batch> all;
  {
    MutexLock lock(mutex_);
    all.swap(batches_);
    bytes_ = 0;
  }
  for (const auto& [key, batch] : all) write(batch);
}

void CallCapture::write(const Batch& batch) {
  if (const Status written = write_calls(batch.calls); !written.ok()) {
    parts_.log.note(batch.endpoint, batch.variant,
                    fmt::format("Data capture: {} calls could not be written: {}",
                                batch.calls.size(), written.error().message));
  }
  if (batch.dropped == 0) return;
  parts_.log.note(
      batch.endpoint, batch.variant,
      fmt::format("Data capture: {} calls were dropped: more came, or larger ones, than are kept "
                  "until they are written",
                  batch.dropped));
}

Status CallCapture::write_calls(const std::vector<CapturedCall>& calls) {
  if (calls.empty()) return {};
  CLARY_TRY(objects::ObjectUri place, captured_place(calls.front(), parts_.ids.uuid()));
  RoleBytes bytes{.content_type = "application/jsonlines", .body = ""};
  for (const CapturedCall& call : calls) {
    bytes.body += captured_line(call, parts_.ids.uuid());
    bytes.body += '\n';
  }
  return parts_.objects.write({.role = calls.front().role, .place = std::move(place)},
                              std::move(bytes));
}

}  // namespace clary::hosting
