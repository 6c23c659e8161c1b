#include "domain/alarm_records.h"

#include <map>
#include <utility>

#include "base/json.h"
#include "domain/scaling_json.h"

namespace clary::domain {
namespace {

constexpr const char* kAlarmSpace = "alarms";
constexpr const char* kAlarmStateSpace = "alarm-states";

Document microseconds_of(TimePoint time) { return std::int64_t{time.time_since_epoch().count()}; }

TimePoint microseconds_in(const Document& document, std::string_view member) {
  return TimePoint(Duration(document.int_or(member, 0)));
}

std::string alarm_text(const Alarm& alarm) {
  return to_json(Document::object({{"name", alarm.name},
                                   {"arn", alarm.arn},
                                   {"request", alarm.request},
                                   {"metric", metric_document(alarm.metric)},
                                   {"period_seconds", alarm.period_seconds},
                                   {"periods", alarm.periods},
                                   {"datapoints", alarm.datapoints},
                                   {"comparison", alarm.comparison},
                                   {"threshold", alarm.threshold},
                                   {"missing", alarm.missing},
                                   {"acts", alarm.acts},
                                   {"actions", text_array(alarm.actions)},
                                   {"modified", microseconds_of(alarm.modified)}}));
}

Result<Alarm> read_alarm(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  Alarm alarm;
  alarm.name = document.string_or("name", "");
  alarm.arn = document.string_or("arn", "");
  alarm.request = document.string_or("request", "");
  if (const Document* metric = document.find("metric")) alarm.metric = metric_in(*metric);
  alarm.period_seconds = document.int_or("period_seconds", alarm.period_seconds);
  alarm.periods = static_cast<int>(document.int_or("periods", alarm.periods));
  alarm.datapoints = static_cast<int>(document.int_or("datapoints", alarm.datapoints));
  alarm.comparison = document.string_or("comparison", alarm.comparison);
  alarm.threshold = document.double_or("threshold", alarm.threshold);
  alarm.missing = document.string_or("missing", alarm.missing);
  alarm.acts = document.bool_or("acts", alarm.acts);
  const Document* actions = document.find("actions");
  if (actions != nullptr && actions->is_array()) {
    for (const Document& action : *actions->as_array()) {
      if (action.as_string() != nullptr) alarm.actions.push_back(*action.as_string());
    }
  }
  alarm.modified = microseconds_in(document, "modified");
  return alarm;
}

std::string state_text(const AlarmState& state) {
  Document document = Document::object({{"name", state.name},
                                        {"value", state.value},
                                        {"reason", state.reason},
                                        {"updated", microseconds_of(state.updated)},
                                        {"since", microseconds_of(state.since)},
                                        {"measured", microseconds_of(state.measured)}});
  if (state.last) document.set("last", *state.last);
  return to_json(document);
}

Result<AlarmState> read_state(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  AlarmState state;
  state.name = document.string_or("name", "");
  state.value = document.string_or("value", state.value);
  state.reason = document.string_or("reason", "");
  state.updated = microseconds_in(document, "updated");
  state.since = microseconds_in(document, "since");
  state.measured = microseconds_in(document, "measured");
  if (document.find("last") != nullptr) state.last = document.double_or("last", 0);
  return state;
}

}  // namespace

Status AlarmRecords::put(const Alarm& alarm) {
  MutexLock lock(mutex_);
  return store_.put(kAlarmSpace, {.key = alarm.name, .text = alarm_text(alarm)});
}

Result<std::vector<KnownAlarm>> AlarmRecords::all() {
  MutexLock lock(mutex_);
  CLARY_TRY(const std::vector<KeptRecord> alarms, list_all(store_, kAlarmSpace));
  CLARY_TRY(const std::vector<KeptRecord> states, list_all(store_, kAlarmStateSpace));
  std::map<std::string, AlarmState> stands;
  for (const KeptRecord& record : states) {
    CLARY_TRY(AlarmState state, read_state(record.text));
    stands.emplace(record.key, std::move(state));
  }
  std::vector<KnownAlarm> all;
  for (const KeptRecord& record : alarms) {
    CLARY_TRY(Alarm alarm, read_alarm(record.text));
    const auto found = stands.find(record.key);
    AlarmState state;
    if (found != stands.end()) state = found->second;
    if (found == stands.end()) {
      state.name = alarm.name;
      state.updated = alarm.modified;
      state.since = alarm.modified;
    }
    all.push_back({.alarm = std::move(alarm), .state = std::move(state)});
  }
  return all;
}

Status AlarmRecords::remove(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) {
    CLARY_TRY([[maybe_unused]] const KeptRecord alarm, store_.find(kAlarmSpace, name));
  }
  for (const std::string& name : names) {
    CLARY_RETURN_IF_ERROR(store_.remove(kAlarmStateSpace, name));
    CLARY_RETURN_IF_ERROR(store_.remove(kAlarmSpace, name));
  }
  return {};
}

Status AlarmRecords::put_state(const AlarmState& state) {
  MutexLock lock(mutex_);
  CLARY_TRY([[maybe_unused]] const KeptRecord alarm, store_.find(kAlarmSpace, state.name));
  return store_.put(kAlarmStateSpace, {.key = state.name, .text = state_text(state)});
}

}  // namespace clary::domain
