// What every Sandbox must do. A test binary instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Process, SandboxConformance, testing::Values(SandboxCase{"process",
//   make_process_sandbox}));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "compute/sandbox.h"

namespace clary::compute {

struct SandboxCase {
  std::string name;
  std::unique_ptr<Sandbox> (*make)() = nullptr;
};

// A sandbox over a temporary folder, and verbs to run scripts in it.
class SandboxFixture : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  struct Run {
    ExitStatus status;
    std::string output;  // both streams
  };
  // Runs a bash script to its end.
  Run run(const std::string& script);
  std::unique_ptr<SandboxedProcess> start(const std::string& script);
  // The end of a process; the test fails when it takes ten seconds.
  ExitStatus end_of(SandboxedProcess& process);
  // What was printed until `stop` was, or until every process that could print has ended.
  std::string output_until(const std::string& stop);
  void write(const std::string& path, const std::string& text);

  std::string folder_;  // temporary
  SandboxSpec spec_;
  std::unique_ptr<Sandbox> sandbox_;
  std::string working_folder_ = "/opt/ml";
  std::vector<std::pair<std::string, std::string>> environment_ = {{"PATH", "/usr/bin:/bin"}};
  Fd output_;         // reading end
  Fd output_writer_;  // given to processes; closed by output_until
};

class SandboxConformance : public SandboxFixture, public testing::WithParamInterface<SandboxCase> {
 protected:
  void SetUp() override;
};

}  // namespace clary::compute
