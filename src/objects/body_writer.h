// Bodies on their way into a store: held in memory, or in a file when they are long. The digests
// that the request asks for are made and compared on the way.
//
// A writer is used by one thread at a time; what it is given by reference outlives it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "objects/body_digests.h"
#include "objects/body_files.h"
#include "objects/object_store.h"

namespace clary::objects {

// Exactly one of `file` and `bytes` holds the body; both are empty for an empty one.
struct WrittenBody {
  BodySums sums;
  std::string file = {};  // sealed
  std::string bytes = {};
};
// Takes the whole body, with its file.
using KeepBody = std::function<Result<ObjectHead>(WrittenBody body)>;

// context: stands before the reason when the bytes are not those that were announced.
std::unique_ptr<ObjectWriter> make_memory_writer(const PutRequest& request, std::string context,
                                                 KeepBody keep);

struct BodyPlace {
  BodyFiles& files;
  ThreadPool& digesting;  // digests run beside the writing
  // What is longer goes to a file. 0: every body does, even an empty one.
  std::size_t most_in_memory = 0;
  // Of the disk: no body is begun, nor goes on, where less is left.
  std::uint64_t reserved_bytes = 0;
  // What the body is written to; nothing: a file of its own, made when it is needed.
  std::optional<BodyFiles::Temporary> file = {};
};
// context: stands before every reason.
std::unique_ptr<ObjectWriter> make_file_writer(const PutRequest& request, std::string context,
                                               BodyPlace place, KeepBody keep);

}  // namespace clary::objects
