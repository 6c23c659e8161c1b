#include "cli/background.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"

namespace clary::cli {

bool BackgroundServer::ended() {
  int status = 0;
  return ::waitpid(pid, &status, WNOHANG) == pid;
}

Result<BackgroundServer> start_in_background(const std::vector<std::string>& command,
                                             const std::string& log_file) {
  CLARY_TRY(const Fd log, open_file(log_file, O_WRONLY | O_CREAT | O_APPEND, 0600));
  CLARY_TRY(const Fd nothing, open_file("/dev/null", O_RDONLY));
  std::vector<char*> argv;
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

std::string tail_of(const std::string& file, std::size_t bytes) {
  const std::string text = read_file(file).value_or("");
  if (text.size() <= bytes) return text;
  const std::size_t line = text.find('\n', text.size() - bytes);
  return line == std::string::npos ? text.substr(text.size() - bytes) : text.substr(line + 1);
}

}  // namespace clary::cli
