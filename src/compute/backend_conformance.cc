#include "compute/backend_conformance.h"

#include <algorithm>

namespace clary::compute {
namespace {

constexpr int kPatience = 1000;  // changes
constexpr Duration kGrace = std::chrono::seconds(5);

}  // namespace

::testing::internal::ValueArray<MakeBackend> backends_of(MakeBackend make) {
  return ::testing::Values(make);
}

void BackendConformance::SetUp() { under_test_ = GetParam()(); }

void BackendConformance::TearDown() {
  for (const GangHandle& handle : submitted_) static_cast<void>(backend().remove(handle));
}

GangHandle BackendConformance::submit(const std::string& id, Conduct conduct) {
  auto handle = backend().submit(under_test_->gang(id, conduct));
  EXPECT_TRUE(handle.ok()) << handle.error().message;
  if (!handle.ok()) return {};
  submitted_.push_back(*handle);
  return *handle;
}

GangStatus BackendConformance::inspect(const GangHandle& handle) {
  auto status = backend().inspect(handle);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return status.ok() ? *status : GangStatus{};
}

GangStatus BackendConformance::wait_for(const GangHandle& handle, GangState state) {
  GangStatus status;
  for (int i = 0; i < kPatience; ++i) {
    status = inspect(handle);
    if (status.state == state) return status;
    if (!under_test_->wait_for_change()) break;
  }
  ADD_FAILURE() << "the gang stays in state " << static_cast<int>(status.state) << ": "
                << status.reason;
  return status;
}

bool BackendConformance::listed(const std::string& id) {
  const std::vector<GangId> gangs = backend().list().value();
  return std::ranges::find(gangs, GangId(id)) != gangs.end();
}

// Other folders' tests link the fakes, and these cases with them.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackendConformance);

TEST_P(BackendConformance, AGangRunsAndEndsWell) {
  const GangHandle handle = submit("well", Conduct::kEndsWell);
  EXPECT_EQ(handle.backend, backend().capabilities().name);
  const GangStatus ended = wait_for(handle, GangState::kEnded);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(under_test_->starts(GangId("well")), 1);
}

TEST_P(BackendConformance, TheExitCodeOfABadEndIsTold) {
  const GangHandle handle = submit("badly", Conduct::kEndsWithThree);
  EXPECT_EQ(wait_for(handle, GangState::kEnded).exit_code, 3);
}

TEST_P(BackendConformance, ASecondSubmitOfAGangStartsNothing) {
  const GangHandle first = submit("twice", Conduct::kRunsUntilStopped);
  wait_for(first, GangState::kRunning);
  const GangHandle second = submit("twice", Conduct::kRunsUntilStopped);
  EXPECT_EQ(second.bytes, first.bytes);
  EXPECT_EQ(second.version, first.version);
  wait_for(submit("later", Conduct::kRunsUntilStopped), GangState::kRunning);
  EXPECT_EQ(under_test_->starts(GangId("twice")), 1);
}

TEST_P(BackendConformance, AGangOutlivesTheServer) {
  const GangHandle handle = submit("outlives", Conduct::kRunsUntilStopped);
  wait_for(handle, GangState::kRunning);
  under_test_->reopen();
  EXPECT_EQ(inspect(handle).state, GangState::kRunning);
  EXPECT_TRUE(listed("outlives"));
  EXPECT_EQ(backend().find(GangId("outlives")).value().bytes, handle.bytes);
  const GangHandle again = submit("outlives", Conduct::kRunsUntilStopped);
  EXPECT_EQ(again.bytes, handle.bytes);
  EXPECT_EQ(under_test_->starts(GangId("outlives")), 1);
}

TEST_P(BackendConformance, TheEndOfAGangIsKnownAfterARestart) {
  const GangHandle handle = submit("ended", Conduct::kEndsWithThree);
  wait_for(handle, GangState::kEnded);
  under_test_->reopen();
  const GangStatus status = inspect(handle);
  EXPECT_EQ(status.state, GangState::kEnded);
  EXPECT_EQ(status.exit_code, 3);
  submit("ended", Conduct::kEndsWithThree);
  EXPECT_EQ(under_test_->starts(GangId("ended")), 1) << "a gang that has ended is not run again";
}

TEST_P(BackendConformance, AStopEndsAGang) {
  const GangHandle handle = submit("stopped", Conduct::kRunsUntilStopped);
  wait_for(handle, GangState::kRunning);
  ASSERT_TRUE(backend().stop(handle, kGrace).ok());
  wait_for(handle, GangState::kEnded);
  EXPECT_TRUE(backend().stop(handle, kGrace).ok()) << "stopping what has ended is fine";
}

TEST_P(BackendConformance, ARemovedGangIsGone) {
  const GangHandle handle = submit("removed", Conduct::kRunsUntilStopped);
  wait_for(handle, GangState::kRunning);
  EXPECT_TRUE(listed("removed"));
  ASSERT_TRUE(backend().remove(handle).ok());
  EXPECT_EQ(inspect(handle).state, GangState::kUnknown);
  EXPECT_FALSE(listed("removed"));
  EXPECT_EQ(backend().find(GangId("removed")).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(backend().remove(handle).ok()) << "removing what is absent is fine";
  EXPECT_TRUE(backend().stop(handle, kGrace).ok()) << "stopping what is absent is fine";
}

TEST_P(BackendConformance, AHandleOfAnotherBackendIsRefused) {
  EXPECT_EQ(backend().inspect({.backend = "another", .bytes = "x"}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_P(BackendConformance, GangsDoNotMeet) {
  const GangHandle a = submit("a", Conduct::kRunsUntilStopped);
  const GangHandle b = submit("b", Conduct::kRunsUntilStopped);
  wait_for(a, GangState::kRunning);
  wait_for(b, GangState::kRunning);
  ASSERT_TRUE(backend().remove(a).ok());
  EXPECT_EQ(inspect(b).state, GangState::kRunning);
}

}  // namespace clary::compute
