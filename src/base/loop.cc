#include "base/loop.h"

#include <pthread.h>

#include <utility>

namespace clary {

Loop::Loop(std::string name, Duration interval, std::function<void(std::stop_token)> body)
    : body_(std::move(body)),
      interval_(interval),
      thread_(
          [this, name = std::move(name)](std::stop_token stop) { run(name, std::move(stop)); }) {}

Loop::~Loop() {
  thread_.request_stop();
  wake();
  thread_.join();
}

void Loop::wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void Loop::set_interval(Duration interval) {
  MutexLock lock(mutex_);
  interval_ = interval;
}

void Loop::run(const std::string& name, std::stop_token stop) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  while (!stop.stop_requested()) {
    body_(stop);
    MutexLock lock(mutex_);
    if (!woken_) changed_.wait_for(mutex_, interval_);
    woken_ = false;
  }
}

}  // namespace clary
