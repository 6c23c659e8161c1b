#include "cli/background.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"

namespace clary::cli {

namespace {
constexpr std::uint64_t kMostBytes = 16 << 10;  // of a log, shown to a person
}

std::optional<int> BackgroundServer::ended() {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  constexpr int kSignalled = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

Result<BackgroundServer> start_in_background(const std::vector<std::string>& command,
                                             const std::string& log_file) {
  CLARY_TRY(const Fd log, open_file(log_file, O_WRONLY | O_CREAT | O_APPEND, 0600));
  CLARY_TRY(const Fd nothing, open_file("/dev/null", O_RDONLY));
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) {
    ::setsid();
    if (::chdir("/") != 0) ::_exit(126);
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(log.get(), STDOUT_FILENO);
    ::dup2(log.get(), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return BackgroundServer{pid};
}

std::uint64_t size_of(const std::string& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::string text_after(const std::string& file, std::uint64_t offset) {
  const std::uint64_t size = size_of(file);
  const auto log = open_file(file, O_RDONLY);
  if (!log.ok() || size <= offset) return "";
  offset = std::max(offset, size > kMostBytes ? size - kMostBytes : 0);
  std::string text(size - offset, '\0');
  const ssize_t count = ::pread(log->get(), text.data(), text.size(), static_cast<off_t>(offset));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

}  // namespace clary::cli
