// Reads what one process writes, as it writes it: lines to the job's log, and what its errors say.
//
// A thread of its own reads both pipes; a line is shipped within kBatchDelay of appearing. Memory
// is bounded: a process that writes faster than its lines are shipped waits in write().
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "host/failure.h"
#include "host/job_log.h"
#include "host/line_splitter.h"

namespace clary::host {

class OutputPump {
 public:
  static constexpr std::chrono::milliseconds kBatchDelay{25};
  // What is left is waited for so long once the process has ended.
  static constexpr std::chrono::milliseconds kPatience{10'000};

  // The pipes' other ends are given to the process and then closed here: close_writers(). log
  // outlives the pump. code_folder: the user's code as tracebacks name it.
  static Result<std::unique_ptr<OutputPump>> start(JobLog& log, const Clock& clock,
                                                   std::string code_folder);
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;
  ~OutputPump();

  int stdout_fd() const { return out_writer_.get(); }
  int stderr_fd() const { return err_writer_.get(); }
  void close_writers();

  // Waits for the end of both pipes, at most `limit`: a process that outlived the script may hold
  // them. Then what the streams said may be read.
  void finish(std::chrono::milliseconds limit);
  const ErrorLines& out_errors() const { return out_errors_; }
  const ErrorLines& err_errors() const { return err_errors_; }
  const TracebackPlace& traceback() const { return traceback_; }
  const LastLines& last_lines() const { return last_lines_; }  // of standard error
  // The first line of standard error that begins with "ERROR:", as pip's do; "" when there is none.
  const std::string& first_error() const { return first_error_; }

 private:
  OutputPump(JobLog& log, const Clock& clock, std::string code_folder);
  void run();
  std::size_t read_some(Fd& pipe, LineSplitter& splitter);  // bytes

  JobLog& log_;
  const Clock& clock_;
  Fd out_reader_, out_writer_, err_reader_, err_writer_;
  Fd wake_;  // eventfd: the thread shall end
  ErrorLines out_errors_, err_errors_;
  TracebackPlace traceback_;
  LastLines last_lines_;
  std::string first_error_;
  LineSplitter out_lines_, err_lines_;
  Fd ended_event_;  // eventfd: the thread has ended
  std::thread thread_;
};

}  // namespace clary::host
