// A call that is answered later: what is asked, where its answer goes, and how it is kept while it
// waits. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "domain/endpoint.h"
#include "domain/record_store.h"

namespace clary::hosting {

struct AsyncCall {
  EndpointName endpoint;
  std::string inference_id;  // "": one is made
  std::string input_uri;     // "": the input is `body`
  std::string body;
  std::optional<std::string> content_type;
  std::optional<std::string> accept;
  std::string custom_attributes;
  std::string output_folder;  // below the endpoint's own; ""
  std::string output_name;    // "": made of the inference id
  // Source: AWS, InvokeEndpointAsync.
  Duration time_to_live = std::chrono::hours(6);
  Duration limit = std::chrono::minutes(15);  // of the invocation
};

struct AsyncTicket {
  std::string inference_id;
  std::string output_uri;
  std::string failure_uri;  // "": the endpoint keeps none
};

// What an endpoint that takes such calls says of them.
struct AsyncRules {
  EndpointName endpoint;  // as it was created
  std::string endpoint_id;
  domain::AsyncInference rules;
  std::string variant;  // the first that answers
  std::string role;     // its
  int instances = 0;    // that take calls now
};

// One that waits.
struct WaitingCall {
  AsyncCall call;
  AsyncTicket ticket;
  std::string endpoint_id;
  std::string variant;
  std::string role;
  TimePoint accepted;
};

WaitingCall waiting_call(AsyncCall call, const AsyncRules& rules, const std::string& fresh_id,
                         TimePoint now);

// Its record's key is in the order of acceptance.
domain::KeptRecord record_of(const WaitingCall& waiting, const std::string& fresh_id);
Result<WaitingCall> read_waiting(const domain::KeptRecord& record);

// What came of it, as SageMaker notifies of it: one line of JSON.
// Source: AWS, "Check prediction results", Amazon SNS.
std::string completed_event(const WaitingCall& waiting,
                            const std::optional<std::string>& output_type, TimePoint now);
std::string failed_event(const WaitingCall& waiting, const std::string& reason, TimePoint now);

}  // namespace clary::hosting
