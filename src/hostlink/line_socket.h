// A connected Unix stream socket that carries lines of JSON and, beside them, file descriptors
// (SCM_RIGHTS).
//
// receive() by one thread at a time; send() by any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"

namespace clary::hostlink {

// A longer line ends the connection: no peer makes the other hold more than this.
inline constexpr std::size_t kMaxLineBytes = 1U << 20;

class LineSocket {
 public:
  explicit LineSocket(Fd connected) : socket_(std::move(connected)) {}

  int fd() const { return socket_.get(); }

  // Reads what is there, without waiting. Unavailable when the other side has closed.
  Status receive();
  // The next whole line received, without its newline.
  std::optional<std::string> next_line();
  bool has_line() const { return in_.find('\n', taken_) != std::string::npos; }
  // The descriptor that came first and has not been taken; invalid when there is none.
  Fd take_descriptor();

  // All of `lines`, each with its newline. `attached` ≥ 0 travels with the first byte. Timeout when
  // the other side reads nothing for `timeout`; the connection is then of no more use.
  Status send(std::string_view lines, Duration timeout, int attached = -1);
  // Ends both directions; a thread that waits for this socket wakes.
  void shut_down();

 private:
  Fd socket_;
  std::string in_;
  std::size_t taken_ = 0;  // bytes of in_ that next_line() has returned
  std::deque<Fd> descriptors_;
  Mutex send_mutex_;
};

// Sockets at a path of any length: one too long for sun_path is reached through /proc/self/fd.
Result<Fd> listen_at(const std::string& path);
Result<Fd> connect_to(const std::string& path);

// Waits until `fd` is readable or `other` is (an eventfd, which is then emptied). Returns whether
// `fd` is.
bool wait_readable(int fd, int other, Duration timeout);

}  // namespace clary::hostlink
