// The server dies before and after every effect and every commit, and starts again.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;
using std::chrono::minutes;

// A job from its creation to its end, going on after a crash as its client and its host would.
class CrashTest : public RuntimeFixture {
 protected:
  void SetUp() override { crash("none"); }

  // Whether the failpoint was met.
  bool live_through(const std::string& failpoint, bool stopped) {
    crash(failpoint);
    bool met = false;
    const auto guarded = [this, &met](const std::function<void()>& act) {
      try {
        act();
      } catch (const Crash&) {
        met = true;
        crash();
        return false;
      }
      return true;
    };
    // A client whose call was cut off asks again, and takes "exists already" for success.
    guarded([this] { submit("j"); });
    if (!jobs_.find(kind_, JobName("j")).ok()) submit("j");
    const JobName job("j");
    guarded([this] { run(); });
    run();
    if (stopped) {
      if (!guarded([this, &job] { stop(job); }) && phase(job) != Phase::kStopping) stop(job);
      guarded([this] { run(); });
      run();
    }
    // A host that is not acknowledged sends its record again.
    const auto say = [this, &guarded, &job](const std::function<Status()>& record) {
      if (!guarded([&record] { EXPECT_TRUE(record().ok()); })) {
        const Status resent = resend(job);
        EXPECT_TRUE(resent.ok()) << resent.error().message;
      }
    };
    say([this, &job] { return report_phase(job, "training"); });
    say([this, &job] { return report_lines(job, {"loss=1"}); });
    say([this, &job, stopped] { return report_end(job, stopped ? "stopped" : "completed"); });
    for (int i = 0; i < 3; ++i) guarded([this] { tick(minutes(1)); });
    return met;
  }

  void expect_all_is_well(Phase end) {
    const JobName job("j");
    EXPECT_EQ(phase(job), end);
    EXPECT_EQ(cluster_.starts(find(job).gang), 1);
    EXPECT_EQ(lines(job), std::vector<std::string>{"loss=1"});
    if (kind_ == domain::JobKind::kTraining) {
      const auto series =
          metrics_.summaries("/aws/sagemaker/TrainingJobs", "TrainingJobName", "j").value();
      ASSERT_EQ(series.size(), 1U);
      EXPECT_EQ(series[0].count, 1U);
    }
    EXPECT_FALSE(cluster_.knows(find(job).gang));
    EXPECT_FALSE(has_folder(job));
    EXPECT_TRUE(jobs_.unfinished_effects().value().empty());
  }
};

using Where = std::tuple<domain::JobKind, const char*>;
const auto kKinds = ::testing::Values(domain::JobKind::kTraining, domain::JobKind::kProcessing);

class CrashAt : public CrashTest, public ::testing::WithParamInterface<Where> {
 protected:
  CrashAt() { kind_ = std::get<0>(GetParam()); }
};

TEST_P(CrashAt, OneGangIsStartedAndTheJobCompletes) {
  EXPECT_TRUE(live_through(std::get<1>(GetParam()), false)) << "the place was never reached";
  expect_all_is_well(Phase::kCompleted);
}

INSTANTIATE_TEST_SUITE_P(
    EveryPlace, CrashAt,
    ::testing::Combine(
        kKinds, ::testing::Values("before-commit-create", "after-commit-create", "before-submit",
                                  "after-plan", "after-submit", "before-commit-submitted",
                                  "after-commit-submitted", "before-take", "after-take",
                                  "before-take:2", "after-take:2", "before-commit-scriptstarted",
                                  "after-commit-scriptstarted", "before-commit-hostcompleted",
                                  "after-commit-hostcompleted", "before-remove", "after-remove",
                                  "before-finish-effect", "after-finish-effect")));

class CrashOfAStop : public CrashTest, public ::testing::WithParamInterface<Where> {
 protected:
  CrashOfAStop() { kind_ = std::get<0>(GetParam()); }
};

TEST_P(CrashOfAStop, TheJobIsStopped) {
  EXPECT_TRUE(live_through(std::get<1>(GetParam()), true)) << "the place was never reached";
  expect_all_is_well(Phase::kStopped);
  EXPECT_GE(cluster_.stops(find(JobName("j")).gang), 1);
}

INSTANTIATE_TEST_SUITE_P(
    EveryPlace, CrashOfAStop,
    ::testing::Combine(kKinds,
                       ::testing::Values("before-commit-stoprequested",
                                         "after-commit-stoprequested", "before-stop", "after-stop",
                                         "before-finish-effect", "after-finish-effect",
                                         "before-commit-hoststopped", "after-commit-hoststopped")));

TEST(Failpoints, KillsAtTheNamedPassageOnly) {
  int hits = 0;
  Failpoints failpoints("place-x:2", [&hits] { ++hits; });
  failpoints.at("place");
  failpoints.at("place", "X");
  EXPECT_EQ(hits, 0);
  failpoints.at("place", "X");
  EXPECT_EQ(hits, 1);
  failpoints.at("place", "X");
  EXPECT_EQ(hits, 1);
}

}  // namespace
}  // namespace clary::runtime
