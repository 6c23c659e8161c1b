// The access log: a line for each request, on a descriptor, written a few times a second so that no
// request waits for who reads it. Thread-safe. The destructor writes what is left, as far as it is
// taken within a second.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "serving/model_call.h"

namespace clary::serving {

struct AccessLine {
  std::string_view id;
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  int status = 0;
  std::uint64_t bytes_in = 0;   // of the request's body
  std::uint64_t bytes_out = 0;  // of the answer's
  bool is_whole = true;         // false: the answer's body broke off
  Duration total{0};
  StageTimes times;
};

// "2026-01-02T03:04:05.678Z 127.0.0.1:4711 "POST /invocations" 200 in=7 out=20 queue=0.1ms
// handler=1.2ms total=1.5ms id=...", without a line's end. Pure.
std::string access_line_text(TimePoint now, const AccessLine& line);

class AccessLog {
 public:
  // out: invalid: nothing is logged. clock outlives the log.
  AccessLog(Fd out, const Clock& clock);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  ~AccessLog();

  void write(const AccessLine& line);

 private:
  // Writes what waits, as far as it is taken without a long wait. Whether that was all.
  bool flush();

  const Fd out_;
  const Clock& clock_;
  Mutex mutex_;
  std::string waiting_ CLARY_GUARDED_BY(mutex_);
  std::uint64_t lost_ CLARY_GUARDED_BY(mutex_) = 0;  // lines that nobody took in time
  std::unique_ptr<Loop> loop_;
};

}  // namespace clary::serving
