// A call and its answer as SageMaker's data capture writes them: one line of JSON, in an object
// named by endpoint, variant and time. Pure.
// Source: AWS, "Capture data from real-time endpoint".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/names.h"
#include "domain/endpoint.h"
#include "objects/object_store.h"

namespace clary::hosting {

struct CapturedCall {
  EndpointName endpoint;
  std::string variant;
  std::string role;  // by whose leave it is written
  std::shared_ptr<const domain::DataCapture> rules;
  TimePoint time;  // of the call
  std::string inference_id;
  std::optional<std::string> input_type;
  std::optional<std::string> output_type;
  std::string input;       // empty where the rules do not ask for it
  std::string output;      // the same
  bool too_large = false;  // its bodies are not here: it is only told that it was dropped
};

// The line, without its end. A body of a type that the rules name as CSV or JSON is written as the
// text it is; every other, and one that is not UTF-8, in base64.
std::string captured_line(const CapturedCall& call, const std::string& event_id);

// "<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/mm-ss-mmm-<id>.jsonl", by the call's time.
// InvalidArgument: the rules' destination is no S3 URI.
Result<objects::ObjectUri> captured_place(const CapturedCall& call, const std::string& id);

}  // namespace clary::hosting
