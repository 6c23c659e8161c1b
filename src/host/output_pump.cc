#include "host/output_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/pipe.h"

namespace clary::host {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr std::size_t kReadBytes = 64 << 10;
constexpr int kTricklePause = 5;  // ms
// After the thread was told to end: enough for what both pipes can hold.
constexpr int kLastReads = 2 * kPipeBytes / static_cast<int>(kReadBytes) + 8;

Result<Pipe> make_output_pipe() {
  CLARY_TRY(Pipe pipe, make_pipe());
  ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(pipe.reader.get(), F_SETPIPE_SZ, kPipeBytes);  // a wish: users have a limit
  return pipe;
}

Result<Fd> make_event() {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return system_error("make an eventfd");
  return event;
}

void raise_event(const Fd& event) {
  const std::uint64_t one = 1;
  while (::write(event.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<std::unique_ptr<OutputPump>> OutputPump::start(JobLog& log, const Clock& clock,
                                                      std::string code_folder) {
  CLARY_TRY(Pipe out, make_output_pipe());
  CLARY_TRY(Pipe err, make_output_pipe());
  CLARY_TRY(Fd wake, make_event());
  CLARY_TRY(Fd ended, make_event());
  std::unique_ptr<OutputPump> pump(new OutputPump(log, clock, std::move(code_folder)));
  pump->out_reader_ = std::move(out.reader);
  pump->out_writer_ = std::move(out.writer);
  pump->err_reader_ = std::move(err.reader);
  pump->err_writer_ = std::move(err.writer);
  pump->wake_ = std::move(wake);
  pump->ended_event_ = std::move(ended);
  pump->thread_ = std::thread([raw = pump.get()] { raw->run(); });
  return pump;
}

OutputPump::OutputPump(JobLog& log, const Clock& clock, std::string code_folder)
    : log_(log),
      clock_(clock),
      traceback_(std::move(code_folder)),
      out_lines_([this](std::string line) {
        out_errors_.take(line);
        log_.add(std::move(line));
      }),
      err_lines_([this](std::string line) {
        err_errors_.take(line);
        traceback_.take(line);
        last_lines_.take(line);
        if (first_error_.empty() && line.starts_with("ERROR:")) first_error_ = line.substr(0, 1000);
        log_.add(std::move(line));
      }) {}

OutputPump::~OutputPump() { finish(std::chrono::milliseconds(0)); }

void OutputPump::close_writers() {
  out_writer_.close();
  err_writer_.close();
}

void OutputPump::finish(std::chrono::milliseconds limit) {
  close_writers();
  if (!thread_.joinable()) return;
  pollfd ended{.fd = ended_event_.get(), .events = POLLIN, .revents = 0};
  ::poll(&ended, 1, static_cast<int>(limit.count()));
  raise_event(wake_);
  thread_.join();
}

std::size_t OutputPump::read_some(Fd& pipe, LineSplitter& splitter) {
  std::array<char, kReadBytes> bytes;
  const ssize_t got = ::read(pipe.get(), bytes.data(), bytes.size());
  if (got > 0) {
    const auto size = static_cast<std::size_t>(got);
    splitter.take(std::string_view(bytes.data(), size), clock_.steady());
    return size;
  }
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) pipe.close();
  return 0;
}

void OutputPump::run() {
  bool waiting = false;  // lines have been added since the last flush
  auto due = std::chrono::steady_clock::time_point();
  int reads_left = kLastReads;
  while (out_reader_.valid() || err_reader_.valid()) {
    std::array<pollfd, 3> watched = {pollfd{out_reader_.get(), POLLIN, 0},
                                     pollfd{err_reader_.get(), POLLIN, 0},
                                     pollfd{wake_.get(), POLLIN, 0}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
    ::poll(watched.data(), watched.size(),
           waiting ? static_cast<int>(std::max<long>(left.count(), 0)) : -1);
    const bool readable = (watched[0].revents | watched[1].revents) != 0;
    std::size_t got = 0;
    if (watched[0].revents != 0) got += read_some(out_reader_, out_lines_);
    if (watched[1].revents != 0) got += read_some(err_reader_, err_lines_);
    if (readable && !waiting) {
      waiting = true;
      due = std::chrono::steady_clock::now() + kBatchDelay;
    }
    if (waiting && std::chrono::steady_clock::now() >= due) {
      log_.flush();
      waiting = false;
    }
    if (watched[2].revents != 0 && (!readable || --reads_left == 0)) break;
    // A process that flushes each line wakes this thread so often, not for every line: waking a
    // sleeping reader costs its writer more than the line.
    if (got > 0 && got < kReadBytes / 2) ::poll(&watched[2], 1, kTricklePause);
  }
  out_lines_.finish();
  err_lines_.finish();
  log_.flush();
  raise_event(ended_event_);
}

}  // namespace clary::host
