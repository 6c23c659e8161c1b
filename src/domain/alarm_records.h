// AlarmRecords: alarms and how they stand, kept in a store of small records. Thread-safe; one call
// at a time, so that what is removed is not written back by who had read it.
#pragma once

#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "domain/alarm.h"
#include "domain/record_store.h"

namespace clary::domain {

struct KnownAlarm {
  Alarm alarm;
  AlarmState state;
};

class AlarmRecords {
 public:
  explicit AlarmRecords(RecordStore& store) : store_(store) {}  // outlives it

  Status put(const Alarm& alarm);                        // replaces; how it stands stays
  Result<std::vector<KnownAlarm>> all();                 // by name
  Status remove(const std::vector<std::string>& names);  // NotFound: one of them; then none goes
  // NotFound: there is no such alarm.
  Status put_state(const AlarmState& state);

 private:
  Mutex mutex_;
  RecordStore& store_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain
