// Answers several inputs with as few runs of a model as may be: those that can be joined, and were
// seen to be answered row by row (row_proofs.h), go as one input. Of the others, and of a joint run
// that fails, each is run by itself, so that what is wrong with one costs only that one its answer.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "base/clock.h"
#include "serving/plugin_model.h"
#include "serving/row_proofs.h"

namespace clary::serving {

struct JointCall {
  const PluginModel& model;
  RowProofs& proofs;
  const Clock& clock;
  // Called once for each input, in no order, while the prediction's numbers are there. took: the
  // run's time.
  std::function<void(std::size_t index, const Result<Prediction>& prediction, Duration took)> take;
};

// Returns whether something was tried besides, so that it took longer than it will.
bool run_jointly(const JointCall& call, std::span<Tensor> inputs);

}  // namespace clary::serving
