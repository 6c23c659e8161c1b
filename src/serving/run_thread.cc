#include "serving/run_thread.h"

#include <pthread.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace clary::serving {
namespace {

constexpr Duration kRunLook = std::chrono::milliseconds(50);

}  // namespace

// The thread holds it too.
struct RunThread::Shared {
  Mutex mutex;
  CondVar changed;
  std::function<void()> work CLARY_GUARDED_BY(mutex);
  bool is_busy CLARY_GUARDED_BY(mutex) = false;
  bool is_ending CLARY_GUARDED_BY(mutex) = false;
  bool is_left = false;  // of the owner
  std::thread thread;    // of the owner

  static void serve(const std::shared_ptr<Shared>& shared) {
    ::pthread_setname_np(::pthread_self(), "serve-run");
    for (;;) {
      std::function<void()> work;
      {
        MutexLock lock(shared->mutex);
        while (!shared->work && !shared->is_ending)
          shared->changed.wait_for(shared->mutex, std::chrono::seconds(10));
        if (!shared->work) return;
        work = std::exchange(shared->work, nullptr);
      }
      work();
      work = nullptr;
      {
        MutexLock lock(shared->mutex);
        shared->is_busy = false;
      }
      shared->changed.notify_all();
    }
  }
};

RunThread::RunThread(const Clock& clock) : clock_(clock), shared_(std::make_shared<Shared>()) {
  shared_->thread = std::thread([shared = shared_] { Shared::serve(shared); });
}

RunThread::~RunThread() {
  {
    MutexLock lock(shared_->mutex);
    shared_->is_ending = true;
  }
  shared_->changed.notify_all();
  if (shared_->is_left) {
    shared_->thread.detach();
  } else {
    shared_->thread.join();
  }
}

bool RunThread::run(std::function<void()> work, Duration deadline,
                    const std::function<bool()>& stopped) {
  MutexLock lock(shared_->mutex);
  shared_->work = std::move(work);
  shared_->is_busy = true;
  shared_->changed.notify_all();
  while (shared_->is_busy) {
    const Duration now = clock_.steady();
    if (now >= deadline || stopped()) {
      shared_->is_left = true;
      return false;
    }
    shared_->changed.wait_for(shared_->mutex, std::min(deadline - now, kRunLook));
  }
  return true;
}

}  // namespace clary::serving
