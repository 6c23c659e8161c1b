// ModelCaller: asks a transform job's model server, patiently. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "host/model_link.h"
#include "host/transform_settings.h"
#include "hostlink/plan.h"

namespace clary::host {

struct ModelReply {
  std::string body;
  std::string content_type;  // "": not said
};

// What a waiting caller needs of its surroundings.
struct CallerPauses {
  std::function<void(Duration)> pause;
  std::function<bool()> given_up;
};

// Asks /ping until the answer is 200. open: connects to the model server. InvalidArgument: no
// worker could load the model, or half an hour was not enough; Cancelled: given up.
Result<std::unique_ptr<ModelLink>> wait_for_model(
    const std::function<Result<std::unique_ptr<ModelLink>>()>& open, const CallerPauses& pauses);

// A container that does not have them says nothing.
ExecutionParameters ask_execution_parameters(ModelLink& link);

class ModelCaller {
 public:
  // link and transform outlive it.
  ModelCaller(ModelLink& link, const hostlink::PlanTransform& transform, CallerPauses pauses)
      : link_(link), transform_(transform), pauses_(std::move(pauses)) {}

  // POST /invocations. What may pass (no answer, 429, 5xx) is tried again as often as
  // ModelClientConfig says. InvalidArgument with AWS's sentence, and what the model said;
  // Cancelled.
  Result<ModelReply> ask(const std::string& body) const;

 private:
  Result<net::ClientReply> try_often(const net::ClientRequest& request) const;

  ModelLink& link_;
  const hostlink::PlanTransform& transform_;
  const CallerPauses pauses_;
};

}  // namespace clary::host
