// `clary up`, `down` and `env`.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <string>

#include "base/files.h"
#include "cli/commands_fixture.h"
#include "cli/last_address.h"
#include "cli/server_record.h"

namespace clary::cli {
namespace {

TEST_F(CommandsTest, UpOnARunningServerPrintsItsEnvironment) {
  start_server();
  hold_lock();
  tools_.program = "/nonexistent";
  EXPECT_EQ(up(context(), {.shell = "bash"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("export AWS_ACCESS_KEY_ID='AKIATEST'\n"), std::string::npos) << out_;
  EXPECT_NE(err_.find("already running"), std::string::npos);
}

TEST_F(CommandsTest, UpSaysWhyTheServerDidNotStart) {
  const std::string program = folder_.path() + "/program";
  ASSERT_TRUE(
      write_file_atomically(program, "#!/bin/sh\necho \"port taken: $1 $2 $3\"\nexit 1\n", 0755)
          .ok());
  tools_.program = program;
  EXPECT_EQ(up(context(), {}), ExitCode::kFailed);
  EXPECT_NE(err_.find("port taken: serve --data " + folder_.path()), std::string::npos) << err_;
}

TEST_F(CommandsTest, UpListensWhereItDidBefore) {
  const std::string program = folder_.path() + "/program";
  ASSERT_TRUE(write_file_atomically(program, "#!/bin/sh\necho \"said: $*\"\nexit 1\n", 0755).ok());
  tools_.program = program;
  ASSERT_TRUE(note_address(folder_.path(), "127.0.0.1:36001").ok());
  EXPECT_EQ(up(context(), {}), ExitCode::kFailed);
  EXPECT_NE(err_.find("--listen 127.0.0.1:36001"), std::string::npos) << err_;
  err_.clear();
  EXPECT_EQ(up(context(), {.listen = "127.0.0.1:7"}), ExitCode::kFailed);
  EXPECT_NE(err_.find("--listen 127.0.0.1:7"), std::string::npos) << err_;
  EXPECT_EQ(err_.find("36001"), std::string::npos) << err_;
  err_.clear();
  tools_.settings = [](const Site&) -> Result<Tools::SettingsSeen> {
    return Tools::SettingsSeen{.name_listen = true};
  };
  EXPECT_EQ(up(context(), {}), ExitCode::kFailed);
  EXPECT_EQ(err_.find("--listen"), std::string::npos) << err_;
  ASSERT_TRUE(note_address(folder_.path(), "0.0.0.0:4580").ok());
  EXPECT_EQ(last_address(folder_.path()), "") << "not without its TLS";
}

TEST_F(CommandsTest, UpGoesOnWhereTheAddressCannotBeNoted) {
  start_server();
  hold_lock();
  ASSERT_TRUE(make_folders(folder_.path() + "/last_address/in the way").ok());
  EXPECT_EQ(up(context(), {.shell = "bash"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("export AWS_ACCESS_KEY_ID='AKIATEST'\n"), std::string::npos) << out_;
  EXPECT_NE(err_.find("the next `clary up` may choose another address: "), std::string::npos)
      << err_;
  EXPECT_NE(err_.find("last_address"), std::string::npos) << err_;
  EXPECT_NE(err_.find("already running"), std::string::npos) << err_;
}

TEST_F(CommandsTest, WhatTheServerCallsAWrongCommandLineIsOneOfUpToo) {
  const std::string program = folder_.path() + "/program";
  ASSERT_TRUE(
      write_file_atomically(program, "#!/bin/sh\necho clary serve: no address\nexit 2\n", 0755)
          .ok());
  tools_.program = program;
  EXPECT_EQ(up(context(), {.listen = "foo"}), ExitCode::kUsage);
  EXPECT_EQ(err_, "clary: no address\n");
}

TEST_F(CommandsTest, UpThatDoesNotWaitSaysThatTheServerStillStarts) {
  const std::string program = folder_.path() + "/program";
  const std::string gate = folder_.path() + "/gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  ASSERT_TRUE(write_file_atomically(program, "#!/bin/sh\nread line < '" + gate + "'\n", 0755).ok());
  tools_.program = program;
  ASSERT_EQ(up(context(), {.patience = Duration(0)}), ExitCode::kNoServer) << err_;
  EXPECT_NE(err_.find("the server still starts"), std::string::npos) << err_;
  {
    const Fd opened(::open(gate.c_str(), O_WRONLY | O_CLOEXEC));
  }
  EXPECT_GT(::wait(nullptr), 0) << "it ends when the gate has been opened";
}

TEST_F(CommandsTest, EnvOfAServerThatWasKilledSaysThatNoneRuns) {
  start_server();  // its record is there, and nobody holds the lock
  EXPECT_EQ(env(context(), "bash"), ExitCode::kNoServer);
  EXPECT_NE(err_.find("no server is running on data directory"), std::string::npos) << err_;
  EXPECT_EQ(out_, "");
}

TEST_F(CommandsTest, DownWithoutAServerIsFine) {
  EXPECT_EQ(down(context(), {}), ExitCode::kOk);
  EXPECT_EQ(err_, "clary: no server is running on data directory '" + folder_.path() + "'\n");
}

TEST_F(CommandsTest, UpBesideAServerThatListensElsewhereSaysSo) {
  start_server();
  hold_lock();
  tools_.program = "/nonexistent";
  EXPECT_EQ(up(context(), {.listen = "127.0.0.1:1", .shell = "bash"}), ExitCode::kFailed);
  EXPECT_NE(err_.find("runs already at http://127.0.0.1:"), std::string::npos) << err_;
  EXPECT_NE(err_.find("--listen 127.0.0.1:1"), std::string::npos) << err_;
  EXPECT_NE(err_.find("clary down"), std::string::npos) << err_;
  EXPECT_EQ(out_, "");
  EXPECT_EQ(up(context(), {.tls = true}), ExitCode::kFailed);
  EXPECT_NE(err_.find("--tls"), std::string::npos) << err_;
  EXPECT_EQ(up(context(), {.config = "/etc/other.toml"}), ExitCode::kFailed);
  EXPECT_NE(err_.find("--config /etc/other.toml"), std::string::npos) << err_;
  const std::string port = read_server_record(folder_.path()).value().address.substr(9);
  for (const std::string& same :
       {"localhost" + port, "127.0.0.1" + port, std::string("127.0.0.1:0")})
    EXPECT_EQ(up(context(), {.listen = same, .shell = "bash"}), ExitCode::kOk) << same << err_;
}

}  // namespace
}  // namespace clary::cli
