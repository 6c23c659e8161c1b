#include "services/payload_parts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/document.h"
#include "base/text_encoding.h"
#include "wire/event_stream.h"

namespace clary::services {
namespace {

constexpr std::size_t kMostPartBytes = 64 << 10;

// Source: the service's API reference, InvokeEndpointWithResponseStream, ModelStreamError.
std::string broken_event(const Error& error) {
  const bool late = error.code == ErrorCode::kTimeout;
  const std::string message = std::string(late ? "The model did not go on with its answer in time: "
                                               : "The model's answer broke off: ") +
                              to_valid_utf8(error.message);
  return wire::exception_event(
      "ModelStreamError",
      Document::object({{"Message", message},
                        {"ErrorCode", late ? "ModelInvocationTimeExceeded" : "StreamBroken"}}));
}

class PayloadParts final : public net::ByteSource {
 public:
  explicit PayloadParts(std::unique_ptr<net::ByteSource> pieces) : pieces_(std::move(pieces)) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (sent_ == event_.size() && pieces_ != nullptr) load();
    const std::size_t count = std::min(into.size(), event_.size() - sent_);
    std::copy_n(event_.data() + sent_, count, into.begin());
    sent_ += count;
    return count;
  }

 private:
  void load() {
    std::string part(kMostPartBytes, '\0');
    const Result<std::size_t> count = pieces_->read(part);
    sent_ = 0;
    if (!count.ok()) {
      event_ = broken_event(count.error());
    } else if (*count == 0) {
      event_.clear();
    } else {
      part.resize(*count);
      event_ = wire::bytes_event("PayloadPart", part);
      return;
    }
    pieces_.reset();
  }

  std::unique_ptr<net::ByteSource> pieces_;  // null: nothing follows
  std::string event_;
  std::size_t sent_ = 0;  // of it
};

}  // namespace

std::unique_ptr<net::ByteSource> make_payload_parts(std::unique_ptr<net::ByteSource> pieces) {
  return std::make_unique<PayloadParts>(std::move(pieces));
}

}  // namespace clary::services
