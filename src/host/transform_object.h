// TransformObject: the answers to one input, put together in the order of its payloads, whatever
// order they come in. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "host/transform_inputs.h"

namespace clary::host {

class TransformObject {
 public:
  // What a call has settled: written, or dropped because the object has failed.
  struct Settled {
    std::size_t payloads = 0;
    bool complete = false;              // with this call: the file is whole
    std::optional<Error> failure = {};  // with this call: the first
  };

  // file: where it is put together; made here. separate: every answer ends a line.
  static Result<std::unique_ptr<TransformObject>> make(TransformInput input, std::string file,
                                                       bool separate);

  // The answer to payload `index`, counted from 0. Each is given once.
  Settled put(std::size_t index, std::string answer);
  // There are so many payloads.
  Settled end(std::size_t payloads);
  // The payload has no answer, so the object has no output. payloads: that this settles itself.
  Settled fail(const Error& failure, std::size_t payloads);
  bool failed() const;

  const TransformInput& input() const { return input_; }
  const std::string& file() const { return path_; }

 private:
  TransformObject(TransformInput input, std::string path, Fd file, bool separate)
      : input_(std::move(input)),
        path_(std::move(path)),
        separate_(separate),
        file_(std::move(file)) {}
  Settled fail_locked(const Error& failure, std::size_t payloads) CLARY_REQUIRES(mutex_);
  bool is_complete() const CLARY_REQUIRES(mutex_) { return !failed_ && count_ && next_ == *count_; }

  const TransformInput input_;
  const std::string path_;
  const bool separate_;
  mutable Mutex mutex_;
  Fd file_ CLARY_GUARDED_BY(mutex_);
  std::map<std::size_t, std::string> waiting_ CLARY_GUARDED_BY(mutex_);  // for those before them
  std::size_t next_ CLARY_GUARDED_BY(mutex_) = 0;                        // to be written
  std::optional<std::size_t> count_ CLARY_GUARDED_BY(mutex_);
  bool failed_ CLARY_GUARDED_BY(mutex_) = false;
};

}  // namespace clary::host
