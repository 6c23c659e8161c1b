// Background work: a named thread that runs a function at an interval, and at once when woken.
//
// The destructor asks the function's stop token and joins.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace clary {

class Loop {
 public:
  // name: at most 15 bytes. body must return soon once `stop` is requested.
  Loop(std::string name, Duration interval, std::function<void(std::stop_token stop)> body);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Runs the body again as soon as it has returned. Thread-safe.
  void wake();
  // From the next wait on. Thread-safe.
  void set_interval(Duration interval);

 private:
  void run(const std::string& name, std::stop_token stop);

  std::function<void(std::stop_token)> body_;
  Mutex mutex_;
  CondVar changed_;
  Duration interval_ CLARY_GUARDED_BY(mutex_);
  bool woken_ CLARY_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace clary
