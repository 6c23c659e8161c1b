#include "services/alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/kept_text.h"
#include "services/metric_values.h"
#include "services/offset_page.h"

namespace clary::services {

using domain::Alarm;
using domain::AlarmState;
using domain::KnownAlarm;

namespace {

constexpr std::int64_t kAlarmsOfAPage = 50;
constexpr std::int64_t kMostPeriods = 1440;
constexpr std::string_view kPolicyArn = "arn:aws:autoscaling:";
constexpr std::array<std::string_view, 4> kComparisons = {
    "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold",
    "LessThanOrEqualToThreshold"};
constexpr std::array<std::string_view, 4> kMissingWords = {"missing", "breaching", "notBreaching",
                                                           "ignore"};

std::optional<ServiceError> check_alarm_request(const api::PutMetricAlarmInput& request) {
  const bool whole = request.metric_name && request.namespace_ && request.statistic &&
                     request.period && request.threshold;
  if (!whole) {
    return invalid_combination(
        "An alarm needs a MetricName, a Namespace, a Statistic, a Period and a Threshold.");
  }
  if (!is_metric_period(*request.period))
    return invalid_value(
        "Period must be 1, 5, 10, 20, 30 or a multiple of 60, and at most a year.");
  const std::int64_t periods = request.evaluation_periods.value_or(0);
  const std::int64_t datapoints = request.datapoints_to_alarm.value_or(periods);
  if (periods < 1 || periods > kMostPeriods || datapoints < 1 || datapoints > periods) {
    return invalid_value(fmt::format(
        "EvaluationPeriods must be 1 to {}, and DatapointsToAlarm 1 to as many.", kMostPeriods));
  }
  if (std::ranges::count(kComparisons, request.comparison_operator.value_or("")) == 0)
    return invalid_value(
        "Clary's alarms compare with a threshold: GreaterThanThreshold and its kin.");
  if (std::ranges::count(kMissingWords, request.treat_missing_data.value_or("missing")) == 0)
    return invalid_value("TreatMissingData must be missing, breaching, notBreaching or ignore.");
  for (const std::string& action : request.alarm_actions.value_or(std::vector<std::string>{})) {
    if (!action.starts_with(kPolicyArn) || action.find(":scalingPolicy:") == std::string::npos) {
      return invalid_value("Clary carries out scaling policies alone: '" + action +
                           "' of AlarmActions is the ARN of none.");
    }
  }
  return std::nullopt;
}

ServiceError no_alarm(const std::string& message) { return {"ResourceNotFound", message, 404}; }

Outcome<api::MetricAlarm> shown_alarm(const KnownAlarm& known) {
  CLARY_TRY(auto asked, from_kept_text<api::PutMetricAlarmInput>(known.alarm.request));
  api::MetricAlarm out;
  out.alarm_name = known.alarm.name;
  out.alarm_arn = known.alarm.arn;
  out.alarm_description = std::move(asked.alarm_description);
  out.alarm_configuration_updated_timestamp = known.alarm.modified;
  out.actions_enabled = known.alarm.acts;
  out.ok_actions.emplace();
  out.alarm_actions = known.alarm.actions;
  out.insufficient_data_actions.emplace();
  out.state_value = known.state.value;
  out.state_reason = known.state.reason;
  out.state_updated_timestamp = known.state.updated;
  out.state_transitioned_timestamp = known.state.since;
  out.metric_name = std::move(asked.metric_name);
  out.namespace_ = std::move(asked.namespace_);
  out.statistic = std::move(asked.statistic);
  out.dimensions = asked.dimensions.value_or(std::vector<api::Dimension>{});
  out.period = asked.period;
  out.unit = std::move(asked.unit);
  out.evaluation_periods = asked.evaluation_periods;
  out.datapoints_to_alarm = asked.datapoints_to_alarm;
  out.threshold = asked.threshold;
  out.comparison_operator = std::move(asked.comparison_operator);
  out.treat_missing_data = std::move(asked.treat_missing_data);
  return out;
}

bool is_asked_for(const KnownAlarm& known, const api::DescribeAlarmsInput& request) {
  const Alarm& alarm = known.alarm;
  if (request.alarm_names && !request.alarm_names->empty() &&
      std::ranges::count(*request.alarm_names, alarm.name) == 0)
    return false;
  if (request.alarm_types && !request.alarm_types->empty() &&
      std::ranges::count(*request.alarm_types, "MetricAlarm") == 0)
    return false;
  if (request.state_value && *request.state_value != known.state.value) return false;
  const std::string prefix = request.action_prefix.value_or("");
  return alarm.name.starts_with(request.alarm_name_prefix.value_or("")) &&
         (prefix.empty() || std::ranges::any_of(alarm.actions, [&](const std::string& action) {
            return action.starts_with(prefix);
          }));
}

}  // namespace

void Alarms::add_to(Router& router) {
  router.add<api::PutMetricAlarm>(*this, &Alarms::put);
  router.add<api::DescribeAlarms>(*this, &Alarms::describe);
  router.add<api::DeleteAlarms>(*this, &Alarms::remove);
  router.add<api::SetAlarmState>(*this, &Alarms::set_state);
}

Outcome<api::PutMetricAlarm::Reply> Alarms::put(const api::PutMetricAlarm::Request& request,
                                                const CallContext& context) {
  if (auto refused = check_alarm_request(request)) return *std::move(refused);
  telemetry::SeriesId series =
      series_of(*request.namespace_, *request.metric_name, request.dimensions);
  Alarm alarm;
  alarm.name = request.alarm_name;
  alarm.arn = fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", context.region.value(),
                          context.account.value(), request.alarm_name);
  alarm.request = to_kept_text(request);
  alarm.metric.space = *request.namespace_;
  alarm.metric.name = *request.metric_name;
  alarm.metric.dimensions = std::move(series.dimensions);
  alarm.metric.statistic = *request.statistic;
  alarm.metric.unit = request.unit.value_or("");
  alarm.period_seconds = *request.period;
  alarm.periods = static_cast<int>(*request.evaluation_periods);
  alarm.datapoints = static_cast<int>(request.datapoints_to_alarm.value_or(alarm.periods));
  alarm.comparison = *request.comparison_operator;
  alarm.threshold = *request.threshold;
  alarm.missing = request.treat_missing_data.value_or("missing");
  alarm.acts = request.actions_enabled.value_or(true);
  alarm.actions = request.alarm_actions.value_or(std::vector<std::string>{});
  alarm.modified = context.now;
  CLARY_RETURN_IF_ERROR(records_.put(alarm));
  return api::PutMetricAlarm::Reply{};
}

Outcome<api::DescribeAlarms::Reply> Alarms::describe(const api::DescribeAlarms::Request& request,
                                                     const CallContext&) {
  CLARY_TRY(std::vector<KnownAlarm> all, records_.all());
  std::erase_if(all, [&request](const KnownAlarm& one) { return !is_asked_for(one, request); });
  auto page =
      offset_page(all.size(), request.next_token, request.max_records.value_or(kAlarmsOfAPage));
  if (!page)
    return ServiceError("InvalidNextToken", "The NextToken belongs to no page of this list.");
  api::DescribeAlarms::Reply reply;
  reply.metric_alarms.emplace();
  reply.composite_alarms.emplace();
  for (std::size_t at = page->begin; at < page->end; ++at) {
    CLARY_TRY(api::MetricAlarm alarm, shown_alarm(all[at]));
    reply.metric_alarms->push_back(std::move(alarm));
  }
  reply.next_token = std::move(page->next);
  return reply;
}

Outcome<api::DeleteAlarms::Reply> Alarms::remove(const api::DeleteAlarms::Request& request,
                                                 const CallContext&) {
  const Status removed = records_.remove(request.alarm_names);
  if (removed.ok()) return api::DeleteAlarms::Reply{};
  if (removed.error().code != ErrorCode::kNotFound) return removed.error();
  return no_alarm("An alarm that is to be deleted is not there; none was.");
}

Outcome<api::SetAlarmState::Reply> Alarms::set_state(const api::SetAlarmState::Request& request,
                                                     const CallContext& context) {
  const Status kept = records_.put_state({.name = request.alarm_name,
                                          .value = request.state_value,
                                          .reason = request.state_reason,
                                          .updated = context.now,
                                          .since = context.now,
                                          .measured = context.now,
                                          .last = std::nullopt});
  if (kept.ok()) return api::SetAlarmState::Reply{};
  if (kept.error().code != ErrorCode::kNotFound) return kept.error();
  return no_alarm("There is no alarm '" + request.alarm_name + "'.");
}

}  // namespace clary::services
