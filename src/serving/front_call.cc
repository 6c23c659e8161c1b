#include "serving/front_call.h"

#include <algorithm>
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

net::Reply FrontCall::ended(net::Reply reply, const StageTimes& times) const {
  reply.headers.set(kRequestId, id_);
  note(reply.status, reply.source_length.value_or(reply.body.size()), times);
  return reply;
}

void FrontCall::note(int status, std::uint64_t bytes_out, const StageTimes& times) const {
  const Duration total = front_->clock.steady() - began_;
  if (counts_) front_->models.count(model_, status, total, times);
  front_->log.write({.id = id_,
                     .peer = peer_,
                     .method = method_,
                     .target = target_,
                     .status = status,
                     .bytes_in = bytes_in_,
                     .bytes_out = bytes_out,
                     .total = total,
                     .times = times});
}

}  // namespace clary::serving
