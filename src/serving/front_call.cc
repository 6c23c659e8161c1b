#include "serving/front_call.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace clary::serving {
namespace {

constexpr std::string_view kRequestId = "X-Request-Id";
constexpr std::size_t kMostIdBytes = 128;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

FrontCall::FrontCall(const FrontParts& front, const net::RequestHead& head)
    : front_(&front),
      began_(front.clock.steady()),
      method_(head.method),
      target_(head.target),
      peer_(head.origin.peer) {
  const std::string_view sent = head.headers.get(kRequestId);
  id_ = is_id(sent) ? std::string(sent) : front.ids.uuid();
}

// A body in pieces on its way out; when that has ended, the request is noted.
class FrontCall::NotedSource final : public net::ByteSource {
 public:
  NotedSource(FrontCall call, int status, const StageTimes& times,
              std::unique_ptr<net::ByteSource> inner)
      : call_(std::move(call)), status_(status), times_(times), inner_(std::move(inner)) {}
  ~NotedSource() override { call_.note(status_, sent_, times_); }

  Result<std::size_t> read(std::span<char> into) override {
    CLARY_TRY(const std::size_t count, inner_->read(into));
    sent_.bytes += count;
    sent_.is_whole = count == 0;
    return count;
  }

 private:
  const FrontCall call_;
  const int status_;
  const StageTimes times_;
  const std::unique_ptr<net::ByteSource> inner_;
  Sent sent_{.is_whole = false};
};

net::Reply FrontCall::ended(net::Reply reply, const StageTimes& times) const {
  reply.headers.set(kRequestId, id_);
  if (reply.source != nullptr && !reply.source_length) {
    reply.source =
        std::make_unique<NotedSource>(*this, reply.status, times, std::move(reply.source));
    return reply;
  }
  note(reply.status, {.bytes = reply.source_length.value_or(reply.body.size())}, times);
  return reply;
}

void FrontCall::note(int status, Sent sent, const StageTimes& times) const {
  const Duration total = front_->clock.steady() - began_;
  if (counts_) front_->models.count(model_, status, total, times);
  if (is_ping_ && status < 400) return;
  front_->log.write({.id = id_,
                     .peer = peer_,
                     .method = method_,
                     .target = target_,
                     .status = status,
                     .bytes_in = bytes_in_,
                     .bytes_out = sent.bytes,
                     .is_whole = sent.is_whole,
                     .total = total,
                     .times = times});
}

}  // namespace clary::serving
