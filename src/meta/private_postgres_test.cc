#include "meta/private_postgres.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <vector>

#include "base/files.h"
#include "base/subprocess.h"

namespace clary::meta {
namespace {

// Where tools/test unpacks PostgreSQL, and where its package installs it.
constexpr const char* kUnpacked =
    CLARY_SOURCE_DIR "/build/unpacked/postgresql-15/usr/lib/postgresql/15/bin";
constexpr const char* kInstalled = "/usr/lib/postgresql/15/bin";

}  // namespace

PrivatePostgres::PrivatePostgres() {
  folder_ = ::testing::TempDir() + "clary-pg-XXXXXX";
  EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  run({"initdb", "-D", folder_ + "/data", "-U", "clary", "--auth=trust", "--no-sync", "--locale=C",
       "--locale-provider=icu", "--icu-locale=en", "--encoding=UTF8"});
  start();
}

PrivatePostgres::~PrivatePostgres() {
  stop();
  static_cast<void>(remove_tree(folder_));
}

void PrivatePostgres::start() {
  // It listens in its folder only; what a test writes need not survive a power cut.
  run({"pg_ctl", "-D", folder_ + "/data", "-l", folder_ + "/log", "-w", "-o",
       "-c listen_addresses='' -c fsync=off -k " + folder_, "start"});
}

void PrivatePostgres::stop() {
  run({"pg_ctl", "-D", folder_ + "/data", "-m", "immediate", "-w", "stop"});
}

std::string PrivatePostgres::url(const std::string& database) const {
  return "postgresql://clary@/" + database + "?host=" + folder_;
}

// PostgreSQL does not run as root, nor as one who has no name: in a user namespace root is nobody.
void PrivatePostgres::run(std::vector<std::string> command) {
  const std::string bin = exists(kUnpacked) ? kUnpacked : kInstalled;
  command.front() = bin + "/" + command.front();
  if (::geteuid() == 0) {
    const std::vector<std::string> wrapper = {"bwrap", "--unshare-user", "--uid", "65534", "--gid",
                                              "65534", "--dev-bind",     "/",     "/",     "--"};
    command.insert(command.begin(), wrapper.begin(), wrapper.end());
  }
  const auto ran = run_subprocess({.command = std::move(command)});
  ASSERT_TRUE(ran.ok()) << ran.error().message << ": tools/test unpacks PostgreSQL";
  ASSERT_EQ(ran->exit_code, 0) << ran->output << ran->errors;
}

}  // namespace clary::meta
