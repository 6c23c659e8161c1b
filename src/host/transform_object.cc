#include "host/transform_object.h"

#include <fcntl.h>

#include "base/files.h"

namespace clary::host {

Result<std::unique_ptr<TransformObject>> TransformObject::make(TransformInput input,
                                                               std::string file, bool separate) {
  CLARY_TRY(Fd opened, open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return std::unique_ptr<TransformObject>(
      new TransformObject(std::move(input), std::move(file), std::move(opened), separate));
}

TransformObject::Settled TransformObject::fail_locked(const Error& failure, std::size_t payloads) {
  Settled settled{.payloads = payloads + waiting_.size()};
  if (!failed_) settled.failure = failure;
  failed_ = true;
  waiting_.clear();
  return settled;
}

TransformObject::Settled TransformObject::put(std::size_t index, std::string answer) {
  const MutexLock lock(mutex_);
  if (failed_) return {.payloads = 1};
  if (separate_ && !answer.ends_with('\n')) answer += '\n';
  waiting_.emplace(index, std::move(answer));
  Settled settled;
  while (!waiting_.empty() && waiting_.begin()->first == next_) {
    const Status written = write_all(file_, waiting_.begin()->second, "write an answer");
    if (!written.ok()) return fail_locked(written.error(), settled.payloads);
    waiting_.erase(waiting_.begin());
    ++next_;
    ++settled.payloads;
  }
  settled.complete = settled.payloads > 0 && is_complete();
  return settled;
}

TransformObject::Settled TransformObject::end(std::size_t payloads) {
  const MutexLock lock(mutex_);
  count_ = payloads;
  return {.complete = is_complete()};
}

TransformObject::Settled TransformObject::fail(const Error& failure, std::size_t payloads) {
  const MutexLock lock(mutex_);
  return fail_locked(failure, payloads);
}

bool TransformObject::failed() const {
  const MutexLock lock(mutex_);
  return failed_;
}

}  // namespace clary::host
