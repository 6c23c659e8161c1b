// Jobs whose server dies anywhere, any number of times, in any order of what people, hosts and time
// do.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <random>
#include <string>

#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array kPlaces = {"before-commit-create",
                                "after-commit-create",
                                "before-submit",
                                "after-plan",
                                "after-submit",
                                "before-commit-submitted",
                                "after-commit-submitted",
                                "before-take",
                                "after-take",
                                "before-commit-stagingbegan",
                                "after-commit-stagingbegan",
                                "before-commit-scriptstarted",
                                "before-commit-hostcompleted",
                                "after-commit-hostcompleted",
                                "before-commit-stoprequested",
                                "after-commit-stoprequested",
                                "before-stop",
                                "after-stop",
                                "before-commit-hoststopped",
                                "after-commit-hoststopped",
                                "before-remove",
                                "after-remove",
                                "before-finish-effect",
                                "after-finish-effect",
                                "nowhere"};

// Seed by seed, one life.
class RandomLife : public RuntimeFixture, public ::testing::WithParamInterface<unsigned> {
 protected:
  int any(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  void die_somewhere() {
    crash(std::string(kPlaces[static_cast<std::size_t>(any(kPlaces.size()))]) + ":" +
          std::to_string(1 + any(2)));
  }
  // Does it, and survives the server's death in the middle of it.
  bool survive(const std::function<void()>& act) {
    try {
      act();
      return true;
    } catch (const Crash&) {
      die_somewhere();
      return false;
    }
  }

  bool created() { return jobs_.find(domain::JobKind::kTraining, job_).ok(); }
  bool host_lives() {
    return created() && cluster_.knows(find(job_).gang) && (said_ < 5 || !acknowledged_);
  }

  // The host's next record; the last one again when it was not acknowledged.
  void host_speaks() {
    if (!host_lives()) return;
    const auto say = [this](const std::function<Status()>& record) {
      acknowledged_ = false;
      acknowledged_ = survive([&record] { EXPECT_TRUE(record().ok()); });
    };
    if (!acknowledged_) return say([this] { return resend(job_); });
    ++said_;
    const bool stopped = cluster_.stops(find(job_).gang) > 0;
    if (stopped && said_ > 1) said_ = 5;
    switch (said_) {
      case 1:
        return say([this] { return report_phase(job_, "downloading"); });
      case 2:
        return say([this] { return report_phase(job_, "training"); });
      case 3:
        printed_ = true;
        return say([this] { return report_lines(job_, {"loss=1"}); });
      case 4:
        return say([this] { return report_phase(job_, "uploading"); });
      default:
        return say([this, stopped] { return report_end(job_, stopped ? "stopped" : "completed"); });
    }
  }
  void person_stops() {
    if (!created()) return;
    survive([this] {
      static_cast<void>(
          server_->changes.apply({.name = job_}, {.kind = domain::JobEventKind::kStopRequested}));
    });
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      switch (any(10)) {
        case 0:
          die_somewhere();
          break;
        case 1:
          if (any(6) == 0) person_stops();
          break;
        case 2:
        case 3:
        case 4:
          survive([this] { run(); });
          break;
        case 5:
          survive([this] { tick(seconds(any(20))); });
          break;
        default:
          host_speaks();
      }
    }
  }
  // No more deaths: everything comes to its end.
  void come_to_an_end() {
    crash();
    if (!created()) submit(job_.value());
    for (int i = 0; i < 40; ++i) {
      run();
      host_speaks();
      tick(seconds(1));
    }
    tick(minutes(1));
  }

  std::mt19937 random_{GetParam()};
  const JobName job_{"j"};
  int said_ = 0;
  bool printed_ = false;
  bool acknowledged_ = true;
};

TEST_P(RandomLife, EndsWithOneStartAndNothingLeft) {
  // A host lives until its last record is acknowledged; then it is removed.
  cluster_.behave({.stop_takes = std::chrono::hours(100)});
  die_somewhere();
  survive([this] { submit(job_.value()); });
  if (!created()) survive([this] { submit(job_.value()); });
  live(60);
  come_to_an_end();
  const domain::Job job = find(job_);
  EXPECT_TRUE(is_terminal(job.phase)) << phase_name(job.phase);
  EXPECT_LE(cluster_.starts(job.gang), 1);
  EXPECT_FALSE(cluster_.knows(job.gang));
  EXPECT_TRUE(jobs_.unfinished_effects().value().empty());
  EXPECT_FALSE(has_folder(job_));
  EXPECT_EQ(server_->views.held(job.gang), 0);
  EXPECT_EQ(lines(job_).size(), printed_ ? 1U : 0U);
  if (job.phase == Phase::kFailed) ADD_FAILURE() << job.failure_reason;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLife, ::testing::Range(0U, 150U));

}  // namespace
}  // namespace clary::runtime
