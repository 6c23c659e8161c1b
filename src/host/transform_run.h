// TransformRun: the work of a transform job beside its model server: waits for the model, reads the
// inputs, asks for each payload, and uploads one output for each input. On threads of its own, from
// its construction on.
//
// An input with a bad record gets no output and makes the job fail; the others are worked on all
// the same. Source: "Use batch transform", Amazon SageMaker Developer Guide.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "host/data_processing.h"
#include "host/host_context.h"
#include "host/model_caller.h"
#include "host/payload_queue.h"
#include "host/transform_inputs.h"
#include "host/transform_settings.h"

namespace clary::host {

class TransformRun {
 public:
  // context outlives it.
  explicit TransformRun(HostContext& context);
  TransformRun(const TransformRun&) = delete;
  TransformRun& operator=(const TransformRun&) = delete;
  ~TransformRun();

  // Thread-safe.
  bool finished() const { return finished_.load(); }
  // What came of it, to be called once: what is not done is given up first. An error's message is
  // the job's FailureReason; Cancelled: it was given up.
  Status end();

 private:
  struct Parts;  // what the threads share once the model is ready

  bool given_up() const { return given_up_.load() || context_.stop.requested(); }
  CallerPauses pauses();
  void run();
  Status work();
  Status work_on(const std::vector<TransformInput>& inputs, Parts& parts);
  Status read(const TransformInput& input, std::size_t number, Parts& parts);
  Status cut(const std::string& file, const std::shared_ptr<TransformObject>& object,
             std::size_t& payloads, Parts& parts);
  void answer_all(Parts& parts);
  void answer(PayloadWork& work, Parts& parts);
  void take(const std::shared_ptr<TransformObject>& object, const TransformObject::Settled& settled,
            Parts& parts);
  void upload(const TransformObject& object);
  void note_failure(const TransformInput& input, const Error& failure);
  Status outcome(std::size_t inputs) const;

  HostContext& context_;
  std::atomic<bool> finished_ = false;
  std::atomic<bool> given_up_ = false;
  mutable Mutex mutex_;
  PayloadQueue* queue_ CLARY_GUARDED_BY(mutex_) = nullptr;  // while there is one
  Error first_failure_ CLARY_GUARDED_BY(mutex_);
  std::size_t failures_ CLARY_GUARDED_BY(mutex_) = 0;
  Status result_;  // read when the thread has ended
  std::thread thread_;
};

}  // namespace clary::host
