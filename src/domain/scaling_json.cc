#include "domain/scaling_json.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace clary::domain {
namespace {

constexpr std::array<std::pair<ScalingOutcome, std::string_view>, 5> kOutcomeWords = {{
    {ScalingOutcome::kInProgress, "in progress"},
    {ScalingOutcome::kSuccessful, "successful"},
    {ScalingOutcome::kOverridden, "overridden"},
    {ScalingOutcome::kUnfulfilled, "unfulfilled"},
    {ScalingOutcome::kFailed, "failed"},
}};

std::string_view outcome_word(ScalingOutcome outcome) {
  for (const auto& [one, word] : kOutcomeWords) {
    if (one == outcome) return word;
  }
  return "";
}

Result<ScalingOutcome> read_outcome(const std::string& word) {
  for (const auto& [outcome, one] : kOutcomeWords) {
    if (one == word) return outcome;
  }
  return internal_error("metadata: an activity that is '" + word + "' is not known");
}

Document instant_document(TimePoint time) { return std::int64_t{time.time_since_epoch().count()}; }

TimePoint instant_in(const Document& document, std::string_view member) {
  return TimePoint(Duration(document.int_or(member, 0)));
}

int count_in(const Document& document, std::string_view member, int fallback) {
  return static_cast<int>(document.int_or(member, fallback));
}

Document tracking_document(const TrackingRule& rule) {
  return Document::object({{"value", rule.value},
                           {"metric", metric_document(rule.metric)},
                           {"out_cooldown_seconds", rule.out_cooldown_seconds},
                           {"in_cooldown_seconds", rule.in_cooldown_seconds},
                           {"never_in", rule.never_in}});
}

TrackingRule tracking_in(const Document& document) {
  const TrackingRule fallback;
  const Document* metric = document.find("metric");
  return {
      .value = document.double_or("value", fallback.value),
      .metric = metric == nullptr ? ScalingMetric{} : metric_in(*metric),
      .out_cooldown_seconds =
          document.int_or("out_cooldown_seconds", fallback.out_cooldown_seconds),
      .in_cooldown_seconds = document.int_or("in_cooldown_seconds", fallback.in_cooldown_seconds),
      .never_in = document.bool_or("never_in", fallback.never_in)};
}

constexpr std::array<std::pair<const char*, std::optional<double> StepAdjustment::*>, 2> kBounds = {
    {{"lower", &StepAdjustment::lower}, {"upper", &StepAdjustment::upper}}};

Document steps_document(const StepRule& rule) {
  Document steps = Document::array();
  for (const StepAdjustment& step : rule.steps) {
    Document one = Document::object({{"adjustment", step.adjustment}});
    for (const auto& [name, bound] : kBounds) {
      if (step.*bound) one.set(name, *(step.*bound));
    }
    steps.push(std::move(one));
  }
  return Document::object({{"kind", rule.kind},
                           {"steps", std::move(steps)},
                           {"least_change", rule.least_change},
                           {"cooldown_seconds", rule.cooldown_seconds}});
}

StepRule steps_in(const Document& document) {
  StepRule rule;
  rule.kind = document.string_or("kind", rule.kind);
  rule.least_change = count_in(document, "least_change", rule.least_change);
  rule.cooldown_seconds = document.int_or("cooldown_seconds", rule.cooldown_seconds);
  const Document* steps = document.find("steps");
  if (steps == nullptr || !steps->is_array()) return rule;
  for (const Document& one : *steps->as_array()) {
    StepAdjustment step{.adjustment = count_in(one, "adjustment", 0)};
    for (const auto& [name, bound] : kBounds) {
      if (one.find(name) != nullptr) step.*bound = one.double_or(name, 0);
    }
    rule.steps.push_back(step);
  }
  return rule;
}

Document activity_document(const ScalingActivity& activity) {
  Document document = Document::object({{"id", activity.id},
                                        {"resource", activity.resource},
                                        {"from", activity.from},
                                        {"to", activity.to},
                                        {"cause", activity.cause},
                                        {"outcome", outcome_word(activity.outcome)},
                                        {"failure", activity.failure},
                                        {"begun", instant_document(activity.begun)}});
  if (activity.ended) document.set("ended", instant_document(*activity.ended));
  return document;
}

Result<ScalingActivity> activity_in(const Document& document) {
  ScalingActivity activity{.id = document.string_or("id", ""),
                           .resource = document.string_or("resource", ""),
                           .from = count_in(document, "from", 0),
                           .to = count_in(document, "to", 0),
                           .cause = document.string_or("cause", ""),
                           .failure = document.string_or("failure", ""),
                           .begun = instant_in(document, "begun")};
  CLARY_TRY(activity.outcome, read_outcome(document.string_or("outcome", "in progress")));
  if (document.find("ended") != nullptr) activity.ended = instant_in(document, "ended");
  return activity;
}

Document change_document(const ScalingMemory::Change& change) {
  return Document::object(
      {{"at", instant_document(change.at)}, {"from", change.from}, {"to", change.to}});
}

std::optional<ScalingMemory::Change> change_in(const Document& document, std::string_view member) {
  const Document* change = document.find(member);
  if (change == nullptr) return std::nullopt;
  return ScalingMemory::Change{.at = instant_in(*change, "at"),
                               .from = count_in(*change, "from", 0),
                               .to = count_in(*change, "to", 0)};
}

}  // namespace

Document metric_document(const ScalingMetric& metric) {
  Document dimensions = Document::array();
  for (const auto& [name, value] : metric.dimensions)
    dimensions.push(Document::array({Document(name), Document(value)}));
  return Document::object({{"space", metric.space},
                           {"name", metric.name},
                           {"dimensions", std::move(dimensions)},
                           {"statistic", metric.statistic},
                           {"unit", metric.unit},
                           {"zero_when_absent", metric.zero_when_absent}});
}

ScalingMetric metric_in(const Document& document) {
  ScalingMetric metric{.space = document.string_or("space", ""),
                       .name = document.string_or("name", ""),
                       .dimensions = {},
                       .statistic = document.string_or("statistic", "Average"),
                       .unit = document.string_or("unit", ""),
                       .zero_when_absent = document.bool_or("zero_when_absent", false)};
  const Document* dimensions = document.find("dimensions");
  if (dimensions == nullptr || !dimensions->is_array()) return metric;
  for (const Document& pair : *dimensions->as_array()) {
    const Document::Array* both = pair.as_array();
    if (both == nullptr || both->size() != 2) continue;
    const std::string* name = both->front().as_string();
    const std::string* value = both->back().as_string();
    if (name != nullptr && value != nullptr) metric.dimensions.emplace_back(*name, *value);
  }
  return metric;
}

std::string target_text(const ScalableTarget& target) {
  return to_json(Document::object({{"resource", target.resource},
                                   {"arn", target.arn},
                                   {"role", target.role},
                                   {"minimum", target.minimum},
                                   {"maximum", target.maximum},
                                   {"in_suspended", target.in_suspended},
                                   {"out_suspended", target.out_suspended},
                                   {"created", instant_document(target.created)}}));
}

Result<ScalableTarget> read_target(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  return ScalableTarget{.resource = document.string_or("resource", ""),
                        .arn = document.string_or("arn", ""),
                        .role = document.string_or("role", ""),
                        .minimum = count_in(document, "minimum", 1),
                        .maximum = count_in(document, "maximum", 1),
                        .in_suspended = document.bool_or("in_suspended", false),
                        .out_suspended = document.bool_or("out_suspended", false),
                        .created = instant_in(document, "created")};
}

std::string policy_text(const ScalingPolicy& policy) {
  Document document = Document::object({{"name", policy.name},
                                        {"resource", policy.resource},
                                        {"arn", policy.arn},
                                        {"request", policy.request},
                                        {"tracking", tracking_document(policy.tracking)},
                                        {"created", instant_document(policy.created)},
                                        {"modified", instant_document(policy.modified)}});
  if (policy.steps) document.set("steps", steps_document(*policy.steps));
  return to_json(document);
}

Result<ScalingPolicy> read_policy(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  ScalingPolicy policy{.name = document.string_or("name", ""),
                       .resource = document.string_or("resource", ""),
                       .arn = document.string_or("arn", ""),
                       .request = document.string_or("request", ""),
                       .tracking = {},
                       .steps = std::nullopt,
                       .created = instant_in(document, "created"),
                       .modified = instant_in(document, "modified")};
  if (const Document* tracking = document.find("tracking"))
    policy.tracking = tracking_in(*tracking);
  if (const Document* steps = document.find("steps")) policy.steps = steps_in(*steps);
  return policy;
}

std::string activity_text(const ScalingActivity& activity) {
  return to_json(activity_document(activity));
}

Result<ScalingActivity> read_activity(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  return activity_in(document);
}

std::string memory_text(const ScalingMemory& memory) {
  Document document = Document::object({{"resource", memory.resource}});
  if (memory.running) document.set("running", activity_document(*memory.running));
  if (memory.last_out) document.set("last_out", change_document(*memory.last_out));
  if (memory.last_in) document.set("last_in", change_document(*memory.last_in));
  return to_json(document);
}

Result<ScalingMemory> read_memory(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  ScalingMemory memory{.resource = document.string_or("resource", ""),
                       .running = std::nullopt,
                       .last_out = change_in(document, "last_out"),
                       .last_in = change_in(document, "last_in")};
  if (const Document* running = document.find("running")) {
    CLARY_TRY(memory.running, activity_in(*running));
  }
  return memory;
}

}  // namespace clary::domain
