#include "host/data_processing.h"

#include <utility>

#include "base/strings.h"
#include "host/json_pieces.h"

namespace clary::host {
namespace {

bool is_csv(RecordForm form) { return form == RecordForm::kCsv; }

// Without their ends; those of white space alone are left out.
std::vector<std::string> rows_of(std::string_view text) {
  std::vector<std::string> rows;
  for (std::string_view row : split(text, '\n')) {
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (!trim(row).empty()) rows.emplace_back(row);
  }
  return rows;
}

// What is filtered and joined by itself: the rows of all records, or each record.
std::vector<std::string> record_parts(RecordForm form, const std::vector<std::string>& records) {
  std::vector<std::string> parts;
  for (const std::string& record : records) {
    if (form == RecordForm::kJson) {
      parts.emplace_back(trim(record));
      continue;
    }
    for (std::string& row : rows_of(record)) parts.push_back(std::move(row));
  }
  return parts;
}

Result<std::string> filtered(RecordForm form, const JsonPath& path, std::string_view part) {
  if (path.is_whole()) return std::string(part);
  return is_csv(form) ? select_csv(path, part) : select_json(path, part);
}

// As many parts as there are records, where a JSON answer says how it is divided.
std::vector<std::string> answer_parts(RecordForm form, std::string_view answer,
                                      std::size_t wanted) {
  if (form != RecordForm::kJson) return rows_of(answer);
  if (wanted == 1) return {std::string(trim(answer))};
  std::vector<std::string> rows = rows_of(answer);
  if (rows.size() == wanted) return rows;
  Result<std::vector<std::string>> elements = json_elements(answer);
  return elements.ok() ? *std::move(elements) : std::vector{std::string(trim(answer))};
}

}  // namespace

std::optional<RecordForm> record_form_of(std::string_view content_type) {
  const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "text/csv") return RecordForm::kCsv;
  if (type == "application/json") return RecordForm::kJson;
  if (type == "application/jsonlines") return RecordForm::kJsonLines;
  return std::nullopt;
}

Result<DataProcessing> DataProcessing::of(const hostlink::PlanTransform& transform) {
  DataProcessing processing;
  const auto read = [](std::string_view member, const std::string& text) -> Result<JsonPath> {
    Result<JsonPath> path = JsonPath::parse(text.empty() ? "$" : text);
    return path.ok() ? std::move(path) : Result<JsonPath>(path.error().within(member));
  };
  CLARY_TRY(processing.input_, read("InputFilter", transform.input_filter));
  CLARY_TRY(processing.output_, read("OutputFilter", transform.output_filter));
  processing.joins_ = transform.join_input;
  if (!processing.filters_input() && !processing.changes_output()) return processing;
  const std::optional<RecordForm> form = record_form_of(transform.content_type);
  if (!form) {
    return invalid_argument("data of the content type '" + transform.content_type +
                            "' is neither filtered nor joined");
  }
  processing.form_ = *form;
  processing.accepted_form_ = record_form_of(transform.accept);
  return processing;
}

Result<std::string> DataProcessing::body_of(std::string_view record) const {
  if (!filters_input()) return std::string(record);
  if (form_ == RecordForm::kJson) {
    CLARY_TRY(std::string body, select_json(input_, record));
    return record.ends_with('\n') ? std::move(body) + "\n" : std::move(body);
  }
  std::string body;
  for (const std::string& row : rows_of(record)) {
    CLARY_TRY(const std::string left, filtered(form_, input_, row));
    body += left + "\n";
  }
  return body;
}

Result<RecordForm> DataProcessing::answer_form(std::string_view content_type) const {
  const std::optional<RecordForm> said = record_form_of(content_type);
  if (!said && !content_type.empty()) {
    return invalid_argument("an answer of the type '" + std::string(content_type) +
                            "' is neither filtered nor joined");
  }
  const RecordForm form = said ? *said : accepted_form_.value_or(form_);
  if (joins_ && is_csv(form) != is_csv(form_)) {
    return invalid_argument(std::string("CSV is joined with CSV and JSON with JSON, and the answer "
                                        "is ") +
                            (is_csv(form) ? "CSV" : "JSON"));
  }
  return form;
}

Result<std::string> DataProcessing::joined(std::string_view input, std::string_view output) const {
  if (is_csv(form_)) return std::string(input) + "," + std::string(output);
  return join_json(input, output);
}

Result<std::string> DataProcessing::output_of(const std::vector<std::string>& records,
                                              std::string_view answer,
                                              std::string_view content_type) const {
  if (!changes_output()) return std::string(answer);
  CLARY_TRY(const RecordForm form, answer_form(content_type));
  const std::vector<std::string> inputs =
      joins_ ? record_parts(form_, records) : std::vector<std::string>();
  const std::vector<std::string> answers = answer_parts(form, answer, joins_ ? inputs.size() : 1);
  if (joins_ && answers.size() != inputs.size()) {
    return invalid_argument("the answer to " + std::to_string(inputs.size()) + " records has " +
                            std::to_string(answers.size()));
  }
  // One JSON value may have lines of its own; everything else is a row.
  const bool by_row =
      answers.size() != 1 || form != RecordForm::kJson || (joins_ && form_ != RecordForm::kJson);
  std::string output;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    std::string part = answers[i];
    if (joins_) {
      CLARY_TRY(part, joined(inputs[i], answers[i]));
    }
    CLARY_TRY(part, filtered(joins_ ? form_ : form, output_, part));
    output += part;
    if (by_row) output += '\n';
  }
  return output;
}

}  // namespace clary::host
