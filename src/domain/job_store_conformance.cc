#include "domain/job_store_conformance.h"

#include <algorithm>

namespace clary::domain {
namespace {

using std::chrono::seconds;

const TimePoint kStart{seconds(1'700'000'000)};

}  // namespace

::testing::internal::ValueArray<MakeStores> job_stores_of(MakeStores make) {
  return ::testing::Values(make);
}

void JobStoreConformance::SetUp() { stores_ = GetParam()(); }

JobName JobStoreConformance::create(const std::string& name, Duration after,
                                    const std::vector<Tag>& tags) {
  const Status created = jobs().create(begin(example(name), kStart + after), tags);
  EXPECT_TRUE(created.ok()) << created.error().message;
  return JobName(name);
}

Job JobStoreConformance::find(const std::string& name) {
  auto job = jobs().find(JobKind::kTraining, JobName(name));
  EXPECT_TRUE(job.ok()) << job.error().message;
  return job.ok() ? *job : Job{};
}

void JobStoreConformance::apply(const std::string& name, JobEventKind kind) {
  const Job job = find(name);
  auto change =
      step(job, {.kind = kind, .message = "m", .gang_handle = "h"}, job.modified + seconds(1));
  ASSERT_TRUE(change.ok()) << change.error().message;
  const Status committed = jobs().commit(*change);
  ASSERT_TRUE(committed.ok()) << committed.error().message;
}

std::string JobStoreConformance::names(const JobQuery& query) {
  auto page = jobs().list(query);
  if (!page.ok()) return "error: " + page.error().message;
  std::string text;
  for (const Job& job : page->jobs) text += (text.empty() ? "" : " ") + job.name.value();
  return text;
}

std::string JobStoreConformance::tags_of(const std::string& arn) {
  std::string text;
  const std::vector<Tag> tags = jobs().tags(Arn(arn)).value();
  for (const Tag& tag : tags) text += tag.key + "=" + tag.value + " ";
  return text;
}

// Other folders' tests link the fakes, and these cases with them.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JobStoreConformance);

TEST_P(JobStoreConformance, GivesBackEveryMemberOfAJob) {
  Job wanted = example("j");
  wanted.attempt = 3;
  wanted.stop_reason = StopReason::kMaxRuntime;
  wanted.gang_handle = R"({"pid":1})";
  wanted.failure_reason = "AlgorithmError: é";
  wanted.exit_code = 137;
  wanted.training_started = kStart + seconds(2);
  wanted.training_ended = kStart + std::chrono::microseconds(4'000'001);
  ASSERT_TRUE(jobs().create(begin(wanted, kStart), {}).ok());
  stores_->reopen();
  const Job found = find("j");
  EXPECT_EQ(found.kind, wanted.kind);
  EXPECT_EQ(found.arn, wanted.arn);
  EXPECT_EQ(found.request, wanted.request);
  EXPECT_EQ(found.spec.image, wanted.spec.image);
  EXPECT_EQ(found.spec.role, wanted.spec.role);
  EXPECT_EQ(found.spec.hyperparameters, wanted.spec.hyperparameters);
  EXPECT_EQ(found.spec.environment, wanted.spec.environment);
  ASSERT_EQ(found.spec.channels.size(), 2U);
  EXPECT_EQ(found.spec.channels[0].name, "train");
  EXPECT_EQ(found.spec.channels[0].uri, "s3://b/p");
  EXPECT_EQ(found.spec.channels[0].content_type, "text/csv");
  EXPECT_EQ(found.spec.channels[1].input_mode, "File");
  ASSERT_EQ(found.spec.metrics.size(), 1U);
  EXPECT_EQ(found.spec.metrics[0].pattern, "loss=(.*)");
  EXPECT_EQ(found.spec.output_uri, wanted.spec.output_uri);
  EXPECT_EQ(found.spec.instance_type, wanted.spec.instance_type);
  EXPECT_EQ(found.spec.instance_count, 2);
  EXPECT_EQ(found.spec.max_runtime_seconds, 77);
  EXPECT_TRUE(found.spec.network_isolation);
  EXPECT_EQ(found.phase, Phase::kPending);
  EXPECT_EQ(found.stop_reason, wanted.stop_reason);
  EXPECT_EQ(found.attempt, 3);
  EXPECT_EQ(found.gang, wanted.gang);
  EXPECT_EQ(found.gang_handle, wanted.gang_handle);
  EXPECT_EQ(found.failure_reason, wanted.failure_reason);
  EXPECT_EQ(found.exit_code, 137);
  EXPECT_EQ(found.model_uri, wanted.model_uri);
  EXPECT_EQ(found.output_uri, wanted.output_uri);
  EXPECT_EQ(found.created, kStart);
  EXPECT_EQ(found.modified, kStart);
  EXPECT_EQ(found.training_started, wanted.training_started);
  EXPECT_EQ(found.training_ended, wanted.training_ended);
}

TEST_P(JobStoreConformance, ANameIsTakenOnce) {
  create("j");
  const Status again = jobs().create(begin(example("j"), kStart), {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(jobs().events(JobKind::kTraining, JobName("j")).value().size(), 1U);
  EXPECT_EQ(jobs().unfinished_effects().value().size(), 1U);
}

TEST_P(JobStoreConformance, WhatIsAbsentIsNotFound) {
  EXPECT_EQ(jobs().find(JobKind::kTraining, JobName("x")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(jobs().find_by_gang(GangId("x")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(jobs().events(JobKind::kTraining, JobName("x")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(jobs().commit({.job = example("x")}).error().code, ErrorCode::kNotFound);
}

TEST_P(JobStoreConformance, JobsOfTwoKindsMayShareAName) {
  create("j");
  Job other = example("j");
  other.kind = JobKind::kProcessing;
  other.gang = GangId("gang-other");
  other.arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:processing-job/j");
  ASSERT_TRUE(jobs().create(begin(other, kStart), {}).ok());
  const Job read = jobs().find(JobKind::kProcessing, JobName("j")).value();
  JobChange ended =
      step(read, {.kind = JobEventKind::kHostCompleted, .exit_message = "bye"}, kStart + seconds(1))
          .value();
  ASSERT_TRUE(jobs().commit(ended).ok());
  stores_->reopen();
  const auto effects = jobs().unfinished_effects().value();
  ASSERT_EQ(effects.size(), 3U);
  EXPECT_EQ(effects[1].job, read.key());
  EXPECT_EQ(effects[2].job, read.key());
  EXPECT_EQ(jobs().find(JobKind::kProcessing, JobName("j")).value().exit_message, "bye");
  EXPECT_EQ(find("j").phase, Phase::kPending);
  EXPECT_EQ(jobs().list({.kind = JobKind::kProcessing}).value().jobs.size(), 1U);
}

TEST_P(JobStoreConformance, FindsTheJobOfAGang) {
  create("a");
  create("b");
  EXPECT_EQ(jobs().find_by_gang(GangId("gang-b")).value().name, JobName("b"));
}

TEST_P(JobStoreConformance, AChangeIsWrittenWholeOrNotAtAll) {
  create("j");
  const Job read = find("j");
  const JobChange first =
      step(read, {.kind = JobEventKind::kStagingBegan}, kStart + seconds(1)).value();
  ASSERT_TRUE(jobs().commit(first).ok());
  JobChange late = step(read, {.kind = JobEventKind::kStopRequested}, kStart + seconds(2)).value();
  late.record_taken = {"source", 9};
  const Status refused = jobs().commit(late);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(find("j").phase, Phase::kDownloading);
  EXPECT_EQ(jobs().events(JobKind::kTraining, JobName("j")).value().size(), 2U);
  EXPECT_EQ(jobs().unfinished_effects().value().size(), 1U);
  EXPECT_EQ(jobs().last_record("source").value(), 0U);
}

TEST_P(JobStoreConformance, EventsAreNumberedInOrder) {
  create("j");
  apply("j", JobEventKind::kSubmitted);
  apply("j", JobEventKind::kStagingBegan);
  ASSERT_TRUE(jobs().commit(notice(find("j"), "a notice", kStart + seconds(9))).ok());
  stores_->reopen();
  const auto events = jobs().events(JobKind::kTraining, JobName("j")).value();
  ASSERT_EQ(events.size(), 4U);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].number, i + 1);
  EXPECT_EQ(events[0].phase, Phase::kPending);
  EXPECT_EQ(events[2].phase, Phase::kDownloading);
  EXPECT_EQ(events[3].phase, std::nullopt);
  EXPECT_EQ(events[3].message, "a notice");
  EXPECT_EQ(events[3].time, kStart + seconds(9));
}

TEST_P(JobStoreConformance, EffectsStandUntilTheyAreDone) {
  create("a");
  create("b");
  auto effects = jobs().unfinished_effects().value();
  ASSERT_EQ(effects.size(), 2U);
  EXPECT_LT(effects[0].id, effects[1].id);
  EXPECT_EQ(effects[0].job, (JobKey{.name = JobName("a")}));
  EXPECT_EQ(effects[0].kind, EffectKind::kSubmitGang);
  EXPECT_EQ(effects[0].gang, GangId("gang-a"));

  JobChange submitted =
      step(find("a"), {.kind = JobEventKind::kSubmitted, .gang_handle = "h"}, kStart).value();
  submitted.effect_done = effects[0].id;
  ASSERT_TRUE(jobs().commit(submitted).ok());
  ASSERT_TRUE(jobs().finish_effect(effects[1].id).ok());
  ASSERT_TRUE(jobs().finish_effect(effects[1].id).ok());
  stores_->reopen();
  EXPECT_TRUE(jobs().unfinished_effects().value().empty());
  apply("a", JobEventKind::kStopRequested);
  effects = jobs().unfinished_effects().value();
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].kind, EffectKind::kStopGang);
}

TEST_P(JobStoreConformance, ARecordIsTakenOnce) {
  create("j");
  JobChange change = step(find("j"), {.kind = JobEventKind::kStagingBegan}, kStart).value();
  change.record_taken = {"g/algo-1", 4};
  ASSERT_TRUE(jobs().commit(change).ok());
  EXPECT_EQ(jobs().last_record("g/algo-1").value(), 4U);
  EXPECT_EQ(jobs().last_record("g/algo-2").value(), 0U);
  JobChange again = notice(find("j"), "again", kStart);
  again.record_taken = {"g/algo-1", 4};
  EXPECT_EQ(jobs().commit(again).error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(jobs().take_record("g/algo-1", 7).ok());
  ASSERT_TRUE(jobs().take_record("g/algo-1", 5).ok());
  stores_->reopen();
  EXPECT_EQ(jobs().last_record("g/algo-1").value(), 7U);
}

TEST_P(JobStoreConformance, ListsInEveryOrder) {
  create("b", seconds(1));
  create("c", seconds(2));
  create("a", seconds(2));
  apply("b", JobEventKind::kHostFailed);
  apply("c", JobEventKind::kHostCompleted);
  EXPECT_EQ(names({}), "b a c");
  EXPECT_EQ(names({.descending = true}), "c a b");
  EXPECT_EQ(names({.order = JobOrder::kName}), "a b c");
  EXPECT_EQ(names({.order = JobOrder::kName, .descending = true}), "c b a");
  EXPECT_EQ(names({.order = JobOrder::kStatus}), "c b a");
}

TEST_P(JobStoreConformance, NamesCompareByTheirBytes) {
  for (const char* name : {"b", "B", "a-b", "ab", "A"}) create(name);
  EXPECT_EQ(names({.order = JobOrder::kName}), "A B a-b ab b");
}

TEST_P(JobStoreConformance, FiltersBeforePaging) {
  for (int i = 0; i < 10; ++i)
    create((i % 2 == 0 ? "even-" : "odd-") + std::to_string(i), seconds(i));
  JobQuery query{.name_contains = "odd", .limit = 2};
  std::string all;
  int pages = 0;
  do {
    all += names(query) + "|";
    query.after = jobs().list(query).value().next;
  } while (!query.after.empty() && ++pages < 10);
  EXPECT_EQ(all, "odd-1 odd-3|odd-5 odd-7|odd-9|");
}

TEST_P(JobStoreConformance, PagesOfEveryOrderMeetEachJobOnce) {
  for (int i = 0; i < 7; ++i) create("j" + std::to_string(i), seconds(i / 3));
  apply("j4", JobEventKind::kHostFailed);
  for (const JobOrder order : {JobOrder::kCreationTime, JobOrder::kName, JobOrder::kStatus}) {
    for (const bool descending : {false, true}) {
      JobQuery query{.order = order, .descending = descending, .limit = 100};
      const std::string whole = names(query);
      query.limit = 2;
      std::string joined;
      for (int page = 0; page < 4; ++page) {
        joined += (joined.empty() ? "" : " ") + names(query);
        query.after = jobs().list(query).value().next;
      }
      EXPECT_EQ(joined, whole);
      EXPECT_EQ(query.after, "");
    }
  }
}

TEST_P(JobStoreConformance, EveryFilterNarrows) {
  create("old", seconds(0));
  create("mid", seconds(10));
  create("new", seconds(20));
  apply("old", JobEventKind::kHostFailed);
  apply("mid", JobEventKind::kStopRequested);
  EXPECT_EQ(names({.phases = {Phase::kFailed, Phase::kStopping}}), "old mid");
  EXPECT_EQ(names({.stop_reason = StopReason::kRequested}), "mid");
  EXPECT_EQ(names({.name_contains = "%"}), "");
  EXPECT_EQ(names({.name_contains = "_"}), "");
  EXPECT_EQ(names({.name_contains = "i"}), "mid");
  EXPECT_EQ(names({.name_contains = "I"}), "");
  EXPECT_EQ(names({.created_after = kStart}), "mid new");
  EXPECT_EQ(names({.created_before = kStart + seconds(10)}), "old mid");
  EXPECT_EQ(names({.modified_after = kStart + seconds(10)}), "mid new");
  EXPECT_EQ(names({.modified_before = kStart + seconds(1)}), "old");
  EXPECT_EQ(names({.kind = JobKind::kTraining, .phases = {Phase::kPending}}), "new");
}

TEST_P(JobStoreConformance, APageThatIsNoneIsRefused) {
  create("j");
  EXPECT_EQ(jobs().list({.after = "nonsense"}).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(JobStoreConformance, TagsBelongToAnArnWithoutRegardToCase) {
  create("j", {}, {{.key = "b", .value = "1"}, {.key = "a", .value = ""}});
  EXPECT_EQ(tags_of("ARN:aws:sagemaker:us-east-1:000000000000:training-job/J"), "a= b=1 ");
  ASSERT_TRUE(jobs().add_tags(Arn("arn:x"), {{.key = "k", .value = "1"}}).ok());
  ASSERT_TRUE(
      jobs().add_tags(Arn("arn:X"), {{.key = "k", .value = "2"}, {.key = "l", .value = "3"}}).ok());
  stores_->reopen();
  EXPECT_EQ(tags_of("arn:x"), "k=2 l=3 ");
  ASSERT_TRUE(jobs().remove_tags(Arn("arn:x"), {"k", "absent"}).ok());
  EXPECT_EQ(tags_of("arn:x"), "l=3 ");
  EXPECT_EQ(tags_of("arn:other"), "");
}

TEST_P(JobStoreConformance, CountsJobsByPhase) {
  EXPECT_TRUE(jobs().count_by_phase(kShownKinds)->empty());
  create("a", seconds(0));
  create("b", seconds(1));
  apply("b", JobEventKind::kSubmitted);
  create("c", seconds(2));
  const std::map<Phase, std::uint64_t> expected = {{find("a").phase, 2}, {find("b").phase, 1}};
  EXPECT_EQ(jobs().count_by_phase(kShownKinds).value(), expected);
  EXPECT_TRUE(jobs().count_by_phase({})->empty());
}

TEST_P(JobStoreConformance, ClearForgetsEverything) {
  create("j", {}, {{.key = "k", .value = "v"}});
  ASSERT_TRUE(jobs().take_record("s", 3).ok());
  ASSERT_TRUE(jobs().clear().ok());
  EXPECT_EQ(names({}), "");
  EXPECT_TRUE(jobs().unfinished_effects().value().empty());
  EXPECT_EQ(jobs().last_record("s").value(), 0U);
  EXPECT_EQ(tags_of("arn:aws:sagemaker:us-east-1:000000000000:training-job/j"), "");
  create("j");
  EXPECT_EQ(jobs().events(JobKind::kTraining, JobName("j")).value().size(), 1U);
}

}  // namespace clary::domain
