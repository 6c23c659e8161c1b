// Many models on FakeEngines: loads, calls that wait for them, who makes room.
#include "serving/model_manager.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "serving/fake_unit.h"

namespace clary::serving {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class ModelManagerTest : public testing::Test {
 protected:
  ~ModelManagerTest() override {
    gate_.open();
    if (manager_ != nullptr) manager_->stop();
  }

  // models: that fit, of equal size.
  void manage(std::size_t models = 10) {
    manager_ =
        std::make_unique<ModelManager>(opener_,
                                       ManagerOptions{.roots = {.folders = {}, .from = "s3://b/m"},
                                                      .memory_bytes = models * expected_bytes(0, 1),
                                                      .upkeep_interval = hours(1)},
                                       clock_, silent_logger());
  }
  std::future<std::string> call(const std::string& model, const std::string& body = "abc") {
    auto promise = std::make_shared<std::promise<std::string>>();
    std::future<std::string> outcome = promise->get_future();
    PendingCall pending;
    pending.request.body = Payload(body);
    pending.arrived = clock_.steady();
    pending.deadline = clock_.steady() + seconds(60);
    pending.answer = [promise](Result<ModelAnswer> answer) {
      promise->set_value(answer.ok() ? answer->body.to_text().value_or("")
                                     : std::string(error_code_name(answer.error().code)));
    };
    if (const auto refused = manager_->submit(model, std::move(pending)))
      promise->set_value(std::to_string(refused->status));
    return outcome;
  }
  static std::string text(std::future<std::string>& outcome) {
    if (outcome.wait_for(seconds(10)) != std::future_status::ready) return "<nothing came>";
    return outcome.get();
  }
  // A second after what was before; the model has nothing to do afterwards.
  std::string ask(const std::string& model) {
    clock_.advance(seconds(1));
    auto outcome = call(model);
    std::string answer = text(outcome);
    const auto is_idle = [&] {
      const auto found = manager_->find(model);
      return !found || found->calls == 0;
    };
    for (int i = 0; i < 10'000'000 && !is_idle(); ++i) std::this_thread::yield();
    return answer;
  }
  // "" when it was loaded.
  std::string load(const std::string& name, const std::string& url, bool pinned = false) {
    auto promise = std::make_shared<std::promise<std::string>>();
    auto outcome = promise->get_future();
    manager_->load(name, url, pinned, [promise](const Status& done) {
      promise->set_value(done.ok() ? "" : std::string(error_code_name(done.error().code)));
    });
    return text(outcome);
  }
  // Their names, each with a space after it.
  std::string loaded() const {
    std::string names;
    for (const ManagedModel& model : manager_->list("", 100)) names += model.name + " ";
    return names;
  }

  ManualClock clock_;
  FakeOpener opener_{clock_};
  Gate gate_;
  std::unique_ptr<ModelManager> manager_;
};

TEST_F(ModelManagerTest, LoadsAModelWhenItIsAskedFor) {
  manage();
  EXPECT_EQ(ask("x.tar.gz"), "abc");
  EXPECT_EQ(ask("x.tar.gz"), "abc");
  EXPECT_EQ(opener_.fetched, 1);
  const auto model = manager_->find("x.tar.gz");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->url, "s3://b/m/x.tar.gz");
  EXPECT_TRUE(model->ready);
}

TEST_F(ModelManagerTest, ACallNamesItsModel) {
  manage();
  const auto refused = manager_->submit("", PendingCall{});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 400);
  EXPECT_NE(refused->sentence.find("X-Amzn-SageMaker-Target-Model names one"), std::string::npos);
}

TEST_F(ModelManagerTest, FirstCallsAtOnceLoadOnceAndOthersDoNotWait) {
  opener_.on_fetch = [this](const std::string& source) {
    if (source.ends_with("slow")) gate_.pass();
    return Status();
  };
  manage();
  auto first = call("slow", "1");
  auto second = call("slow", "2");
  EXPECT_TRUE(gate_.reached_by(1));
  EXPECT_EQ(ask("fast"), "abc");
  gate_.open();
  EXPECT_EQ(text(first), "1");
  EXPECT_EQ(text(second), "2");
  EXPECT_EQ(opener_.fetched, 2);
}

TEST_F(ModelManagerTest, TheLongestUnusedMakesRoom) {
  manage(2);
  EXPECT_EQ(ask("a"), "abc");
  EXPECT_EQ(ask("b"), "abc");
  EXPECT_EQ(ask("a"), "abc");
  EXPECT_EQ(ask("c"), "abc");
  EXPECT_EQ(loaded(), "a c ");
  EXPECT_EQ(ask("b"), "abc") << "and comes back";
  EXPECT_EQ(loaded(), "b c ");
}

TEST_F(ModelManagerTest, PinnedModelsStay) {
  manage(2);
  EXPECT_EQ(load("a", "s3://b/m/a", true), "");
  clock_.advance(seconds(1));
  EXPECT_EQ(load("b", "s3://b/m/b"), "");
  EXPECT_TRUE(manager_->pin("b", true).ok());
  EXPECT_EQ(load("c", "s3://b/m/c"), "LimitExceeded");
  EXPECT_EQ(loaded(), "a b ");
  EXPECT_TRUE(manager_->pin("a", false).ok());
  EXPECT_EQ(load("c", "s3://b/m/c"), "");
  EXPECT_EQ(loaded(), "b c ");
  EXPECT_EQ(manager_->pin("absent", true).error().code, ErrorCode::kNotFound);
}

TEST_F(ModelManagerTest, ModelsAtWorkStay) {
  opener_.on_unit = [this](FakeUnit& unit) {
    unit.engine.on_run = [this](FakeEngine::Batch batch) {
      gate_.pass();
      return FakeEngine::echo(batch);
    };
  };
  manage(1);
  auto running = call("a");
  EXPECT_TRUE(gate_.reached_by(1));
  EXPECT_EQ(load("b", "s3://b/m/b"), "LimitExceeded");
  gate_.open();
  EXPECT_EQ(text(running), "abc");
}

TEST_F(ModelManagerTest, WhatTakesMoreThanWasExpectedMakesOthersGo) {
  opener_.on_unit = [](FakeUnit& unit) { unit.memory = expected_bytes(0, 1) * 2; };
  manage(3);
  EXPECT_EQ(ask("a"), "abc");
  clock_.advance(seconds(1));
  EXPECT_EQ(load("b", "s3://b/m/b"), "");
  EXPECT_EQ(loaded(), "a b ");
  manager_->upkeep();
  EXPECT_EQ(loaded(), "b ");
}

TEST_F(ModelManagerTest, IsLoadedOnceAndUnloaded) {
  manage();
  EXPECT_EQ(load("a", "s3://b/m/a"), "");
  EXPECT_EQ(load("a", "s3://b/m/a"), "AlreadyExists");
  EXPECT_EQ(load("b", "s3://b/other/b"), "Denied");
  EXPECT_TRUE(manager_->unload("a").ok());
  EXPECT_EQ(manager_->unload("a").error().code, ErrorCode::kNotFound);
  manager_->stop();
  EXPECT_EQ(opener_.alive, 0);
  EXPECT_EQ(load("c", "s3://b/m/c"), "Unavailable");
}

TEST_F(ModelManagerTest, AModelThatCannotBeLoadedFailsItsCallsAndIsTriedAgain) {
  opener_.on_fetch = [](const std::string& source) -> Status {
    if (source.ends_with("absent")) return not_found("no such object");
    if (source.ends_with("bomb")) return limit_exceeded("more than 16 GiB");
    return {};
  };
  opener_.on_unit = [](FakeUnit& unit) {
    unit.engine.failure = [] { return std::optional<std::string>("boom model"); };
  };
  manage();
  EXPECT_EQ(ask("absent"), "NotFound");
  EXPECT_EQ(ask("bomb"), "InvalidArgument");
  EXPECT_EQ(ask("broken"), "Internal");
  EXPECT_EQ(ask("../x"), "400");
  EXPECT_EQ(ask(""), "400");
  EXPECT_EQ(loaded(), "");
  opener_.on_unit = [](FakeUnit&) {};
  EXPECT_EQ(ask("broken"), "abc");
}

TEST_F(ModelManagerTest, ACallDoesNotWaitForALoadForEver) {
  opener_.on_fetch = [this](const std::string&) {
    gate_.pass();
    return Status();
  };
  manage();
  auto outcome = call("slow");
  EXPECT_TRUE(gate_.reached_by(1));
  clock_.advance(seconds(61));
  manager_->upkeep();
  EXPECT_EQ(text(outcome), "Unavailable");
}

TEST_F(ModelManagerTest, MetricsBearTheModelsNames) {
  manage();
  EXPECT_EQ(ask("a"), "abc");
  manager_->count("a", 200, seconds(1), {});
  manager_->count("nobody", 404, seconds(1), {});
  telemetry::PrometheusText text;
  manager_->write_metrics(text);
  EXPECT_NE(text.text().find("clary_model_requests_total{status=\"200\",model=\"a\"} 1\n"),
            std::string::npos)
      << text.text();
  EXPECT_EQ(text.text().find("nobody"), std::string::npos);
}

}  // namespace
}  // namespace clary::serving
