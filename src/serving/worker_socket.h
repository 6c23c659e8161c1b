// One end of a connection to a Python process: whole frames out and in, with a deadline.
//
// Used by one thread at a time. After an error other than InvalidArgument it is of no use.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "serving/payload.h"
#include "serving/worker_frame.h"

namespace clary::serving {

struct ReceivedFrame {
  FrameKind kind = FrameKind::kAnswer;
  FrameFields fields;
  Payload body;
};

class WorkerSocket {
 public:
  // The two ends of a new connection: ours, and the one for the other process.
  static Result<std::pair<WorkerSocket, Fd>> make_pair();
  explicit WorkerSocket(Fd socket) : socket_(std::move(socket)) {}

  // Sends a frame and, with its first byte, the body's descriptor when it is shared, or `with`.
  // Unavailable: the other end is closed, the frame has not been read to its end.
  Status send(FrameKind kind, const FrameFields& fields, const Payload& body = Payload(),
              const Fd* with = nullptr);
  // Waits until `deadline` on the steady clock. Timeout then; Unavailable: the other end was closed
  // without having read all that was sent to it; Cancelled: it was closed in order; Internal: what
  // came is no frame.
  Result<ReceivedFrame> receive(const Clock& clock, Duration deadline);
  // Whether the other end is closed.
  bool is_closed() const;

 private:
  Status receive_some();
  Result<ReceivedFrame> to_received(WorkerFrame frame);

  Fd socket_;
  WorkerFrameParser parser_;
  std::deque<Fd> descriptors_;  // that arrived, in the order of the frames that announce them
};

}  // namespace clary::serving
