// One call of a model, as engines see it: what was asked, what was answered. Values.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/http.h"
#include "serving/payload.h"

namespace clary::serving {

struct ModelRequest {
  std::string id;                           // of the request, for logs and handlers
  std::optional<std::string> content_type;  // as sent; nothing: absent
  std::optional<std::string> accept;
  net::Headers headers;  // all of them, these two included
  // Where it was sent, as the caller wrote it; both empty: POST /invocations without a query.
  std::string method;
  std::string path;  // and query
  Payload body;
};

// How long each stage took; nothing where nobody measured it.
struct StageTimes {
  std::optional<Duration> queue;    // waiting for a lane
  std::optional<Duration> decode;   // input_fn
  std::optional<Duration> predict;  // predict_fn
  std::optional<Duration> encode;   // output_fn
  std::optional<Duration> handler;  // all of the model's code, of a batch as a whole
};

struct ModelAnswer {
  int status = 200;
  std::string reason;  // empty: the usual phrase of the status
  std::optional<std::string> content_type;
  net::Headers headers;
  Payload body;
  // Of a body that is still being made: all of it, as it comes; `body` is empty then.
  std::unique_ptr<net::ByteSource> pieces = nullptr;
  StageTimes times;
};

}  // namespace clary::serving
