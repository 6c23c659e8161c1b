#include "host/outcome.h"

#include <array>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "base/time_text.h"

namespace clary::host {
namespace {

constexpr std::array<std::pair<OutcomeKind, std::string_view>, 4> kNames = {{
    {OutcomeKind::kCompleted, "completed"},
    {OutcomeKind::kFailed, "failed"},
    {OutcomeKind::kStopped, "stopped"},
    {OutcomeKind::kMaxRuntime, "max_runtime"},
}};

}  // namespace

std::string_view outcome_name(OutcomeKind kind) {
  for (const auto& [one, name] : kNames) {
    if (one == kind) return name;
  }
  return "failed";
}

Document Outcome::to_document() const {
  Document body = Document::object({{"phase", "ended"},
                                    {"outcome", Document(outcome_name(kind))},
                                    {"exit_code", exit_code},
                                    {"train_seconds", train_seconds},
                                    {"script_ran", script_ran}});
  if (!failure.empty()) body.set("failure", Document(failure));
  if (!exit_message.empty()) body.set("exit_message", Document(exit_message));
  if (!model_uri.empty()) body.set("model_uri", Document(model_uri));
  if (!output_uri.empty()) body.set("output_uri", Document(output_uri));
  if (!kept_in.empty()) body.set("kept_in", Document(kept_in));
  return body;
}

Result<Outcome> Outcome::from_document(const Document& document) {
  Outcome outcome;
  const std::string name = document.string_or("outcome", "");
  bool known = false;
  for (const auto& [kind, one] : kNames) {
    if (one != name) continue;
    outcome.kind = kind;
    known = true;
  }
  if (!known) return invalid_argument("outcome: no such outcome: '" + name + "'");
  outcome.failure = document.string_or("failure", "");
  outcome.exit_code = static_cast<int>(document.int_or("exit_code", 0));
  outcome.train_seconds = document.int_or("train_seconds", 0);
  outcome.script_ran = document.bool_or("script_ran", false);
  outcome.exit_message = document.string_or("exit_message", "");
  outcome.model_uri = document.string_or("model_uri", "");
  outcome.output_uri = document.string_or("output_uri", "");
  outcome.kept_in = document.string_or("kept_in", "");
  return outcome;
}

Outcome failed_outcome(std::string failure) {
  return {.kind = OutcomeKind::kFailed, .failure = std::move(failure), .exit_code = 1};
}

bool HostMarks::started() const { return exists(path_join(folder_, "started")); }

Status HostMarks::mark_started(TimePoint now) const {
  return write_file_atomically(path_join(folder_, "started"), iso8601(now) + "\n", 0600,
                               Durability::kSynced);
}

Result<std::optional<Outcome>> HostMarks::outcome() const {
  const std::string path = path_join(folder_, "outcome.json");
  if (!exists(path)) return std::optional<Outcome>();
  CLARY_TRY(const std::string text, read_file(path, 1 << 20));
  CLARY_TRY(const Document document, parse_json(text));
  CLARY_TRY(Outcome outcome, Outcome::from_document(document));
  return std::optional<Outcome>(std::move(outcome));
}

Status HostMarks::keep_outcome(const Outcome& outcome) const {
  return write_file_atomically(path_join(folder_, "outcome.json"), to_json(outcome.to_document()),
                               0600, Durability::kSynced);
}

bool HostMarks::reported() const { return exists(path_join(folder_, "reported")); }

Status HostMarks::mark_reported() const {
  return write_file_atomically(path_join(folder_, "reported"), "", 0600, Durability::kSynced);
}

}  // namespace clary::host
