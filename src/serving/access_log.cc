#include "serving/access_log.h"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>

#include <iterator>
#include <utility>

#include "base/files.h"
#include "base/time_text.h"

namespace clary::serving {
namespace {

constexpr Duration kInterval = std::chrono::milliseconds(200);
constexpr std::size_t kMostWaitingBytes = 4 << 20;
constexpr int kWriteWaitMilliseconds = 100;
constexpr int kLastTries = 10;
// A pipe that is ready takes so much without blocking (pipe(7)); the descriptor is shared with
// others, so it is not made non-blocking.
constexpr std::size_t kPieceBytes = PIPE_BUF;

bool takes_bytes(const Fd& out) {
  pollfd state{out.get(), POLLOUT, 0};
  return ::poll(&state, 1, kWriteWaitMilliseconds) > 0;
}

// What a client sends must not look like another line, or end the quotes.
void append_quoted(std::string& out, std::string_view text) {
  for (const char c : text.substr(0, 1024)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
}

void append_time(std::string& out, std::string_view name, std::optional<Duration> time) {
  if (!time) return;
  fmt::format_to(std::back_inserter(out), " {}={:.1f}ms", name,
                 static_cast<double>(time->count()) / 1000.0);
}

}  // namespace

std::string access_line_text(TimePoint now, const AccessLine& line) {
  std::string out = iso8601(now);
  fmt::format_to(std::back_inserter(out), " {} \"", line.peer);
  append_quoted(out, line.method);
  out += ' ';
  append_quoted(out, line.target);
  fmt::format_to(std::back_inserter(out), "\" {} in={} out={}", line.status, line.bytes_in,
                 line.bytes_out);
  if (!line.is_whole) out += " broken-off";
  append_time(out, "queue", line.times.queue);
  append_time(out, "handler", line.times.handler);
  append_time(out, "total", line.total);
  out += " id=";
  append_quoted(out, line.id);
  return out;
}

AccessLog::AccessLog(Fd out, const Clock& clock)
    : out_(std::move(out)),
      clock_(clock),
      loop_(std::make_unique<Loop>("access-log", kInterval,
                                   [this](const std::stop_token&) { flush(); })) {}

AccessLog::~AccessLog() {
  loop_.reset();
  for (int i = 0; i < kLastTries && !flush(); ++i) {
  }
}

void AccessLog::write(const AccessLine& line) {
  if (!out_.valid()) return;
  const std::string text = access_line_text(clock_.now(), line);
  MutexLock lock(mutex_);
  if (waiting_.size() > kMostWaitingBytes) {
    ++lost_;
    return;
  }
  waiting_ += text;
  waiting_ += '\n';
}

bool AccessLog::flush() {
  std::string lines;
  {
    MutexLock lock(mutex_);
    lines.swap(waiting_);
    if (lost_ > 0) fmt::format_to(std::back_inserter(lines), "{} lines were lost\n", lost_);
    lost_ = 0;
  }
  std::string_view left = lines;
  while (!left.empty() && takes_bytes(out_)) {
    const std::string_view piece = left.substr(0, kPieceBytes);
    // What nobody can read any more is not kept.
    if (!write_all(out_, piece, "access log").ok()) return true;
    left.remove_prefix(piece.size());
  }
  if (left.empty()) return true;
  MutexLock lock(mutex_);
  waiting_.insert(0, left);
  return false;
}

}  // namespace clary::serving
