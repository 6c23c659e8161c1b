// InvocationSink: gathers a call's body; then the shelf has the call, and whoever has its answer
// gives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http.h"
#include "serving/front_call.h"
#include "serving/model_call.h"

namespace clary::serving {

struct InvocationLimits {
  std::uint64_t body_bytes = std::uint64_t{64} << 20;
  // Once the body is there. Clary's own server, which calls by a Unix socket, may give a call less:
  // X-Clary-Timeout-Ms.
  Duration timeout = std::chrono::seconds(60);
};

class InvocationSink final : public net::RequestSink {
 public:
  // front outlives it. model: ModelShelf::submit's. The request's path goes along where
  // `with_path`.
  InvocationSink(const FrontParts& front, InvocationLimits limits, net::RequestHead head,
                 FrontCall call, std::string model, bool with_path);

  Status write(std::string_view piece) override;
  net::Reply finish() override;
  net::Reply rejected(const Error& error) override;

 private:
  const FrontParts& front_;
  const InvocationLimits limits_;
  const Duration timeout_;
  FrontCall call_;
  const std::string model_;
  ModelRequest request_;
};

}  // namespace clary::serving
