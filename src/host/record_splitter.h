// RecordSplitter: the bytes of an object, as they come, cut into the records that a transform asks
// its model about. Pure; one thread.
//
// A record of lines is a line with its end; lines of white space alone are none. A record of
// RecordIO and TFRecord is what its frame holds, or the whole frame. An empty object has no
// records. Source: AWS, TransformInput.SplitType; mxnet.apache.org "RecordIO"; tensorflow.org
// "TFRecord".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::host {

enum class RecordSplit { kNone, kLine, kRecordIo, kTfRecord };
// Of "None", "Line", "RecordIO", "TFRecord".
std::optional<RecordSplit> record_split_of(std::string_view word);

struct SplitOptions {
  RecordSplit split = RecordSplit::kNone;
  bool keep_frames = false;      // of RecordIO and TFRecord: the record is its whole frame
  std::uint64_t most_bytes = 0;  // of one record
};

// Said of a record that no request can carry.
inline constexpr const char* kTooMuchData = "Too much data for max payload size";

class RecordSplitter {
 public:
  virtual ~RecordSplitter() = default;
  // Appends the records that these bytes complete. LimitExceeded: one is too long; InvalidArgument:
  // what stands there is no record.
  virtual Status take(std::string_view bytes, std::vector<std::string>& records) = 0;
  // The object has ended. The same errors.
  virtual Status finish(std::vector<std::string>& records) = 0;
};

std::unique_ptr<RecordSplitter> make_record_splitter(const SplitOptions& options);

}  // namespace clary::host
