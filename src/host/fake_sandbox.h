// FakeSandbox: a sandbox without processes, for tests. Time passes only while a process is waited
// for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compute/sandbox.h"

namespace clary::host {

// What a fake process does with its life.
struct FakeLife {
  Duration runs_for = std::chrono::seconds(1);
  compute::ExitStatus ends_with;
  bool heeds_sigterm = true;  // ends at once, by that signal
  bool heeds_sigkill = true;
  std::string standard_output;
  std::string standard_error;
  std::function<void(const compute::ProcessSpec&)> on_spawn;  // writes what the script would write
  std::function<void()> on_wait;                              // each time it is waited for
  Status spawn_answer;                                        // an error: it is not spawned
};

struct FakeSandboxRecord {
  std::vector<compute::SandboxSpec> prepared;
  std::vector<compute::ProcessSpec> spawned;
  std::vector<int> signals;
  int kills = 0;
  int destroyed = 0;
};

// One per job; lives in order: the first process spawned gets the first. clock and record outlive
// it.
std::unique_ptr<compute::Sandbox> make_fake_sandbox(std::vector<FakeLife>& lives,
                                                    FakeSandboxRecord& record, ManualClock& clock);
std::unique_ptr<compute::SandboxedProcess> make_fake_process(FakeLife life,
                                                             FakeSandboxRecord& record,
                                                             ManualClock& clock);

}  // namespace clary::host
