#include "compute/fake_backend.h"

#include "compute/backend_conformance.h"

namespace clary::compute {
namespace {

using std::chrono::seconds;

class FakeUnderTest final : public BackendUnderTest {
 public:
  ComputeBackend& backend() override { return *backend_; }
  void reopen() override { backend_ = std::make_unique<FakeBackend>(cluster_); }
  GangSpec gang(const std::string& id, Conduct conduct) override {
    FakeGang behaviour;
    if (conduct != Conduct::kRunsUntilStopped) behaviour.run_for = seconds(1);
    if (conduct == Conduct::kEndsWithThree) behaviour.exit_code = 3;
    cluster_.behave(behaviour);
    return {.id = GangId(id), .folder = "/nowhere", .hosts = {{.name = "algo-1"}}};
  }
  int starts(const GangId& gang) override { return cluster_.starts(gang); }
  bool wait_for_change() override {
    clock_.advance(seconds(1));
    return true;
  }

 private:
  ManualClock clock_;
  FakeCluster cluster_{clock_};
  std::unique_ptr<FakeBackend> backend_ = std::make_unique<FakeBackend>(cluster_);
};

std::unique_ptr<BackendUnderTest> make_fake() { return std::make_unique<FakeUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Fake, BackendConformance, backends_of(&make_fake));

class FakeBackendTest : public ::testing::Test {
 protected:
  GangState state(const GangHandle& handle) { return backend_.inspect(handle).value().state; }
  GangHandle submit() { return backend_.submit({.id = GangId("g")}).value(); }

  ManualClock clock_;
  FakeCluster cluster_{clock_};
  FakeBackend backend_{cluster_};
};

TEST_F(FakeBackendTest, FailsToStartWhenToldTo) {
  cluster_.behave({.start_error = unavailable("no core is free")});
  EXPECT_EQ(backend_.submit({.id = GangId("g")}).error().message, "no core is free");
  EXPECT_EQ(cluster_.starts(), 0);
  cluster_.behave({});
  submit();
  EXPECT_EQ(cluster_.starts(GangId("g")), 1);
}

TEST_F(FakeBackendTest, LosesAGangWhenToldTo) {
  cluster_.behave({.wait_for = seconds(1), .lose_after = seconds(2)});
  const GangHandle handle = submit();
  EXPECT_EQ(state(handle), GangState::kQueued);
  clock_.advance(seconds(2));
  EXPECT_EQ(state(handle), GangState::kRunning);
  clock_.advance(seconds(1));
  EXPECT_EQ(state(handle), GangState::kLost);
}

TEST_F(FakeBackendTest, TakesItsTimeToStop) {
  cluster_.behave({.stop_takes = seconds(3)});
  const GangHandle handle = submit();
  ASSERT_TRUE(backend_.stop(handle, seconds(120)).ok());
  EXPECT_EQ(state(handle), GangState::kRunning);
  clock_.advance(seconds(3));
  EXPECT_EQ(state(handle), GangState::kEnded);
}

}  // namespace
}  // namespace clary::compute
