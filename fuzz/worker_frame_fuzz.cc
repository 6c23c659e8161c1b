// What a Python worker may send, a hostile handler's included: whatever it is, the parser gives
// frames or an error, and what is read survives its own round trip.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "serving/worker_frame.h"

namespace {

using clary::serving::WorkerFrame;
using clary::serving::WorkerFrameParser;

void check_round_trip(const WorkerFrame& frame) {
  const auto head = clary::serving::encode_frame_head(frame.kind, frame.fields, frame.body_length,
                                                      frame.body_shared);
  CLARY_CHECK(head.ok());
  WorkerFrameParser again;
  again.put(*head);
  again.put(frame.body);
  const auto read = again.next();
  CLARY_CHECK(read.ok() && read->has_value() && !again.is_inside_frame());
  CLARY_CHECK((*read)->fields.all() == frame.fields.all() && (*read)->body == frame.body);
}

}  // namespace

// The first byte says how the rest is cut into the pieces that arrive.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view left(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? left.size() + 1 : data[0];
  WorkerFrameParser parser;
  while (!left.empty()) {
    parser.put(left.substr(0, piece));
    left.remove_prefix(std::min(piece, left.size()));
    for (;;) {
      const auto frame = parser.next();
      if (!frame.ok()) return 0;
      if (!frame->has_value()) break;
      check_round_trip(**frame);
    }
  }
  return 0;
}
