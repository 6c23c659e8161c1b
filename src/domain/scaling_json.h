// The records of scaling as the JSON of their texts: docs/formats/meta.md. Any thread; no state.
//
// A member that is absent reads as its default; a word that is not known is Internal.
#pragma once

#include <string>

#include "base/document.h"
#include "base/result.h"
#include "domain/scaling.h"

namespace clary::domain {

Document metric_document(const ScalingMetric& metric);
ScalingMetric metric_in(const Document& document);

std::string target_text(const ScalableTarget& target);
Result<ScalableTarget> read_target(const std::string& text);

std::string policy_text(const ScalingPolicy& policy);
Result<ScalingPolicy> read_policy(const std::string& text);

std::string activity_text(const ScalingActivity& activity);
Result<ScalingActivity> read_activity(const std::string& text);

std::string memory_text(const ScalingMemory& memory);
Result<ScalingMemory> read_memory(const std::string& text);

}  // namespace clary::domain
