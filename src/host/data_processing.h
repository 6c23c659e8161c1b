// DataProcessing: what of a record is sent, and what of its answer is kept, beside the record or
// alone. A value; pure; any thread. Source: "Associate Prediction Results with Input Records",
// Amazon SageMaker Developer Guide.
//
// CSV and JSON lines are filtered and joined row by row, JSON value by value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_path.h"
#include "base/result.h"
#include "hostlink/plan.h"

namespace clary::host {

enum class RecordForm { kCsv, kJson, kJsonLines };
// Of "text/csv; charset=utf-8" and the like; nothing: a form that is neither filtered nor joined.
std::optional<RecordForm> record_form_of(std::string_view content_type);

class DataProcessing {
 public:
  // InvalidArgument: a filter is no JSONPath, or the content type is none that can be filtered.
  static Result<DataProcessing> of(const hostlink::PlanTransform& transform);

  bool filters_input() const { return !input_.is_whole(); }
  bool changes_output() const { return joins_ || !output_.is_whole(); }
  bool joins() const { return joins_; }

  // What is sent of a record. InvalidArgument: the filter does not fit it.
  Result<std::string> body_of(std::string_view record) const;
  // What is kept of the answer to these records. content_type: of the answer; "": not known.
  // InvalidArgument: it cannot be filtered, or has not as many parts as there are records.
  Result<std::string> output_of(const std::vector<std::string>& records, std::string_view answer,
                                std::string_view content_type) const;

 private:
  Result<RecordForm> answer_form(std::string_view content_type) const;
  Result<std::string> joined(std::string_view input, std::string_view output) const;

  RecordForm form_ = RecordForm::kCsv;       // of the records
  std::optional<RecordForm> accepted_form_;  // asked for
  JsonPath input_;
  JsonPath output_;
  bool joins_ = false;
};

}  // namespace clary::host
