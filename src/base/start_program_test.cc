#include "base/start_program.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/pipe.h"

namespace clary {
namespace {

ProgramStart start_of_shell(const std::string& script) { return {.command = {"sh", "-c", script}}; }

// What the program writes until it has ended.
std::string read_all(const Fd& pipe) {
  std::string text;
  std::array<char, 100> buffer;
  for (ssize_t got = 0; (got = ::read(pipe.get(), buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  return text;
}

std::string said_by_the_fourth(ProgramStart start) {
  Result<Pipe> pipe = make_pipe();
  if (!pipe.ok()) return pipe.error().message;
  start.fourth = pipe->writer.get();
  const Result<pid_t> pid = start_program(start);
  if (!pid.ok()) return pid.error().message;
  pipe->writer.close();
  std::string said = read_all(pipe->reader);
  if (wait_for_process(*pid) != 0) said += " (failed)";
  return said;
}

TEST(StartProgram, GivesADescriptorAsItsFourth) {
  EXPECT_EQ(said_by_the_fourth(start_of_shell("echo word >&3")), "word\n");
}

TEST(StartProgram, GivesADescriptorThatHasTheNumberOfAStandardStream) {
  const pid_t bare = ::fork();
  if (bare == 0) {
    for (const int stream : {0, 1, 2}) ::close(stream);
    ::_exit(said_by_the_fourth(start_of_shell("cat; echo out; echo err >&2; echo word >&3")) ==
                    "word\n"
                ? 0
                : 1);
  }
  EXPECT_EQ(wait_for_process(bare), 0);
}

TEST(StartProgram, LeadsAGroupOfItsOwn) {
  const Result<pid_t> pid = start_program(start_of_shell("sleep 1000; :"));
  ASSERT_TRUE(pid.ok()) << pid.error().message;
  EXPECT_EQ(::getpgid(*pid), *pid);
  ASSERT_EQ(::kill(-*pid, SIGKILL), 0);
  const int state = wait_for_process(*pid);
  EXPECT_TRUE(WIFSIGNALED(state));
}

TEST(StartProgram, SaysWhatCannotBeStarted) {
  ProgramStart start = start_of_shell("exit 0");
  start.folder = "/no/such/folder";
  EXPECT_EQ(start_program(start).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(start_program({.command = {"no-such-program"}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(start_program({}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace clary
