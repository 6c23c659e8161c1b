// EndpointCalls: takes a call to an instance of an endpoint and brings back what its model says.
//
// Implementations: LiveEndpoints, FakeEndpointCalls. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/names.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::hosting {

struct EndpointCall {
  EndpointName endpoint;
  std::string request_id;
  std::optional<std::string> content_type;  // nothing: absent
  std::optional<std::string> accept;
  std::string custom_attributes;  // "": none
  std::string target_variant;     // "": by weight
  std::string target_model;       // of a multi-model endpoint: "a.tar.gz"
  std::string target_container;   // by host name, of a model whose containers are called directly
  std::string inference_id;
  std::string session_id;
  std::string body;
};

struct EndpointAnswer {
  int status = 200;  // as the model's container gave it; 2xx is success
  std::optional<std::string> content_type;
  std::string custom_attributes;
  std::string new_session_id;
  std::string closed_session_id;
  std::string variant;    // that was called
  std::string container;  // that gave this answer: "primary", or its host name
  LogStream log_stream;   // of that container, in the group /aws/sagemaker/Endpoints/<endpoint>
  std::string body;
};

// An answer that may have begun only.
struct EndpointStream {
  EndpointAnswer answer;
  // Its body as it comes; null: `answer` has it all. read() waits for the model: Timeout, or
  // Internal where the container broke off.
  std::unique_ptr<net::ByteSource> pieces = nullptr;
};

class EndpointCalls {
 public:
  virtual ~EndpointCalls() = default;
  // Blocks, at most as long as an invocation may take. A status that is no success is an answer.
  // Errors: NotFound: no such endpoint; InvalidArgument: the variant, model or container that is
  // named is not there, or the endpoint takes no calls now: the sentence for the caller;
  // Unavailable: no instance can take it now; LimitExceeded: its serverless variant has as many
  // calls as it may; Timeout.
  virtual Result<EndpointAnswer> invoke(EndpointCall call) = 0;
  // Likewise, but returns once a successful answer has begun. Outlives its pieces.
  virtual Result<EndpointStream> invoke_streaming(EndpointCall call) = 0;
};

}  // namespace clary::hosting
