// Where the bodies of requests go: kept whole for most operations, passed on piece by piece to
// those that store them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/thread_pool.h"
#include "services/call.h"
#include "services/local_routes.h"

namespace clary::services {

std::unique_ptr<net::RequestSink> make_whole_body_sink(std::unique_ptr<Call> call);

// Takes aws-chunked framing off and verifies the payload's hash or chunk signatures before `sink`
// may finish.
// hashing outlives the sink.
std::unique_ptr<net::RequestSink> make_streaming_sink(std::unique_ptr<Call> call,
                                                      std::unique_ptr<EncodedSink> sink,
                                                      ThreadPool& hashing);

struct LocalCall {
  const LocalRoute& route;
  const Authenticator& authenticator;
  std::optional<Caller>
      caller;  // whose signature covers the body; nothing: no signature is asked for
  net::RequestHead head;
  RequestId request_id;
  std::size_t limit_bytes = 0;
};
std::unique_ptr<net::RequestSink> make_local_sink(LocalCall call);

// XAmzContentSHA256Mismatch.
ServiceError payload_mismatch();

}  // namespace clary::services
