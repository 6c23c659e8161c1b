#include "host/fake_sandbox.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace clary::host {
namespace {

class FakeProcess final : public compute::SandboxedProcess {
 public:
  FakeProcess(FakeLife life, FakeSandboxRecord& record, ManualClock& clock)
      : life_(std::move(life)),
        record_(record),
        clock_(clock),
        ends_at_(clock.steady() + life_.runs_for) {}

  Status signal(int number) override {
    record_.signals.push_back(number);
    if (number == SIGTERM && life_.heeds_sigterm) end_by(SIGTERM);
    return {};
  }
  Status kill_all() override {
    ++record_.kills;
    if (life_.heeds_sigkill && clock_.steady() < ends_at_) end_by(SIGKILL);
    return {};
  }
  Result<std::optional<compute::ExitStatus>> wait(Duration timeout) override {
    if (life_.on_wait) life_.on_wait();
    clock_.advance(std::clamp(ends_at_ - clock_.steady(), Duration(0), timeout));
    if (clock_.steady() < ends_at_) return std::optional<compute::ExitStatus>();
    return std::optional(life_.ends_with);
  }
  pid_t pid() const override { return 0; }

 private:
  void end_by(int number) {
    ends_at_ = clock_.steady();
    life_.ends_with = {.signal = number};
  }

  FakeLife life_;
  FakeSandboxRecord& record_;
  ManualClock& clock_;
  Duration ends_at_;
};

class FakeSandbox final : public compute::Sandbox {
 public:
  FakeSandbox(std::vector<FakeLife>& lives, FakeSandboxRecord& record, ManualClock& clock)
      : lives_(lives), record_(record), clock_(clock) {}

  Status prepare(const compute::SandboxSpec& spec) override {
    record_.prepared.push_back(spec);
    return {};
  }
  Result<std::unique_ptr<compute::SandboxedProcess>> spawn(
      const compute::ProcessSpec& spec) override {
    FakeLife life;
    if (!lives_.empty()) {
      life = std::move(lives_.front());
      lives_.erase(lives_.begin());
    }
    if (!life.spawn_answer.ok()) return life.spawn_answer.error();
    record_.spawned.push_back(spec);
    if (life.on_spawn) life.on_spawn(spec);
    write(spec.stdout_fd, life.standard_output);
    write(spec.stderr_fd, life.standard_error);
    return make_fake_process(std::move(life), record_, clock_);
  }
  Status destroy() override {
    ++record_.destroyed;
    return {};
  }
  std::string name() const override { return "fake"; }
  std::string job_root() const override { return "/opt/ml"; }
  std::vector<std::string> lacks() const override { return {}; }

 private:
  static void write(int descriptor, std::string_view text) {
    while (descriptor >= 0 && !text.empty()) {
      const ssize_t put = ::write(descriptor, text.data(), text.size());
      if (put <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  std::vector<FakeLife>& lives_;
  FakeSandboxRecord& record_;
  ManualClock& clock_;
};

}  // namespace

std::unique_ptr<compute::Sandbox> make_fake_sandbox(std::vector<FakeLife>& lives,
                                                    FakeSandboxRecord& record, ManualClock& clock) {
  return std::make_unique<FakeSandbox>(lives, record, clock);
}

std::unique_ptr<compute::SandboxedProcess> make_fake_process(FakeLife life,
                                                             FakeSandboxRecord& record,
                                                             ManualClock& clock) {
  return std::make_unique<FakeProcess>(std::move(life), record, clock);
}

}  // namespace clary::host
