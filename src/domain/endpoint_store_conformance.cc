#include "domain/endpoint_store_conformance.h"

#include <utility>

namespace clary::domain {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using Order = ResourceQuery::Order;

const TimePoint kStart{seconds(1'700'000'000)};

// No member of these has its default, so that one that is lost shows.

ModelContainer container(const std::string& hostname) {
  return {.hostname = hostname,
          .image = "image:1",
          .form = ModelDataForm::kObjects,
          .model_uri = "s3://b/models/",
          .many_models = true,
          .environment = {{"B", "x=y"}, {"A", ""}, {"Ü", "\"é\"\n"}}};
}

Model model_of(const std::string& name) {
  return {.name = ModelName(name),
          .arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:model/" + name),
          .request = R"({"ModelName":"\"é\"","b":1,"a":2})",
          .role = "role",
          .containers = {container("first"), container("")},
          .direct = true,
          .network_isolation = true,
          .notices = {"VpcConfig has no effect: é"},
          .created = kStart + microseconds(7)};
}

ProductionVariant asked_variant(const std::string& name) {
  return {.name = name,
          .model = "m",
          .instances = 3,
          .instance_type = "ml.m5.large",
          .weight = 0.1,
          .serverless = Serverless{.memory_mib = 4096, .max_concurrency = 20, .provisioned = 2},
          .accelerator_type = "ml.eia2.medium",
          .startup_seconds = 77};
}

DataCapture capture() {
  return {.enabled = true,
          .percentage = 30,
          .uri = "s3://b/captured",
          .input = true,
          .output = true,
          .csv_types = {"text/csv"},
          .json_types = {"application/json", "a/b"}};
}

AsyncInference async() {
  return {.output_uri = "s3://b/out", .failure_uri = "s3://b/failed", .max_concurrent = 9};
}

EndpointConfig config_of(const std::string& name) {
  return {.name = EndpointConfigName(name),
          .arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/" + name),
          .request = R"({"EndpointConfigName":"c"})",
          .variants = {asked_variant("a"), asked_variant("b")},
          .shadows = {asked_variant("s")},
          .capture = capture(),
          .async = async(),
          .notices = {"a", "b"},
          .created = kStart + microseconds(9)};
}

EndpointGeneration generation(std::uint64_t number) {
  return {.number = number,
          .config = EndpointConfigName("c"),
          .variants = {{.asked = asked_variant("a"),
                        .shadow = true,
                        .role = "role",
                        .containers = {container("x")},
                        .direct = true,
                        .network_isolation = true,
                        .instances = 5,
                        .weight = 2.5}},
          .capture = capture(),
          .async = async(),
          .notices = {"c"},
          .begun = kStart + microseconds(11)};
}

Endpoint endpoint_of(const std::string& name) {
  return {.name = EndpointName(name),
          .id = "0123abcd",
          .arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:endpoint/" + name),
          .status = EndpointStatus::kUpdating,
          .failure_reason = "é: Traceback\n  line",
          .serving = generation(4),
          .next = generation(5),
          .created = kStart,
          .modified = kStart + microseconds(13)};
}

template <typename Answer>
ErrorCode code_of(const Answer& answer) {
  EXPECT_FALSE(answer.ok());
  return answer.ok() ? ErrorCode::kInternal : answer.error().code;
}

}  // namespace

::testing::internal::ValueArray<MakeStores> endpoint_stores_of(MakeStores make) {
  return ::testing::Values(make);
}

void EndpointStoreConformance::SetUp() { stores_ = GetParam()(); }

void EndpointStoreConformance::create(const std::string& name, Duration after,
                                      EndpointStatus status) {
  Endpoint endpoint{.name = EndpointName(name), .id = "00000001", .status = status};
  endpoint.created = endpoint.modified = kStart + after;
  const Status created = store().create_endpoint(endpoint);
  EXPECT_TRUE(created.ok()) << created.error().message;
}

Endpoint EndpointStoreConformance::find(const std::string& name) {
  auto endpoint = store().find_endpoint(EndpointName(name));
  EXPECT_TRUE(endpoint.ok()) << endpoint.error().message;
  return endpoint.ok() ? *endpoint : Endpoint{};
}

std::string EndpointStoreConformance::names(const ResourceQuery& query) {
  const auto page = store().list_endpoints(query);
  if (!page.ok()) return "error: " + page.error().message;
  std::string text;
  for (const Endpoint& endpoint : page->records)
    text += (text.empty() ? "" : " ") + endpoint.name.value();
  return text;
}

// Other folders' tests link the fakes, and these cases with them.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EndpointStoreConformance);

TEST_P(EndpointStoreConformance, GivesBackEveryMember) {
  ASSERT_TRUE(store().create_model(model_of("m")).ok());
  ASSERT_TRUE(store().create_config(config_of("c")).ok());
  ASSERT_TRUE(store().create_endpoint(endpoint_of("e")).ok());
  stores_->reopen();
  EXPECT_TRUE(store().find_model(ModelName("m")).value() == model_of("m"));
  EXPECT_TRUE(store().find_config(EndpointConfigName("c")).value() == config_of("c"));
  Endpoint wanted = endpoint_of("e");
  wanted.version = 1;
  EXPECT_TRUE(find("e") == wanted);
}

TEST_P(EndpointStoreConformance, WhatIsNotSetStaysSo) {
  const Model model{.name = ModelName("m"), .containers = {{.image = "i"}}};
  ASSERT_TRUE(store().create_model(model).ok());
  const EndpointConfig config{.name = EndpointConfigName("c"), .variants = {{.name = "v"}}};
  ASSERT_TRUE(store().create_config(config).ok());
  Endpoint endpoint{.name = EndpointName("e"), .id = "00000001"};
  ASSERT_TRUE(store().create_endpoint(endpoint).ok());
  stores_->reopen();
  EXPECT_TRUE(store().find_model(model.name).value() == model);
  EXPECT_TRUE(store().find_config(config.name).value() == config);
  endpoint.version = 1;
  EXPECT_TRUE(find("e") == endpoint);
}

TEST_P(EndpointStoreConformance, EveryStatusAndFormIsKept) {
  for (const EndpointStatus status :
       {EndpointStatus::kCreating, EndpointStatus::kInService, EndpointStatus::kUpdating,
        EndpointStatus::kRollingBack, EndpointStatus::kFailed, EndpointStatus::kDeleting}) {
    const std::string name(endpoint_status_name(status));
    create(name, {}, status);
    EXPECT_EQ(find(name).status, status) << name;
  }
  Model model{.name = ModelName("m")};
  for (const ModelDataForm form : {ModelDataForm::kNone, ModelDataForm::kArchive,
                                   ModelDataForm::kObject, ModelDataForm::kObjects})
    model.containers.push_back({.form = form});
  ASSERT_TRUE(store().create_model(model).ok());
  EXPECT_TRUE(store().find_model(model.name).value() == model);
}

TEST_P(EndpointStoreConformance, ANameIsTakenOnceInWhateverCase) {
  ASSERT_TRUE(store().create_model(model_of("Name")).ok());
  ASSERT_TRUE(store().create_config(config_of("Name")).ok());
  ASSERT_TRUE(store().create_endpoint(endpoint_of("Name")).ok());
  EXPECT_EQ(code_of(store().create_model(model_of("nAME"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(store().create_config(config_of("nAME"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(store().create_endpoint(endpoint_of("nAME"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(store().find_model(ModelName("NAME")).value().name, ModelName("Name"));
  EXPECT_EQ(store().find_config(EndpointConfigName("NAME")).value().name,
            EndpointConfigName("Name"));
  EXPECT_EQ(find("NAME").name, EndpointName("Name"));
  EXPECT_TRUE(store().remove_model(ModelName("name")).ok());
  EXPECT_TRUE(store().remove_config(EndpointConfigName("name")).ok());
  EXPECT_TRUE(store().remove_endpoint(EndpointName("name")).ok());
  stores_->reopen();
  EXPECT_EQ(code_of(store().find_model(ModelName("Name"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().find_config(EndpointConfigName("Name"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().find_endpoint(EndpointName("Name"))), ErrorCode::kNotFound);
}

TEST_P(EndpointStoreConformance, WhatIsAbsentIsNotFound) {
  EXPECT_EQ(code_of(store().find_model(ModelName("x"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().remove_model(ModelName("x"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().find_config(EndpointConfigName("x"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().remove_config(EndpointConfigName("x"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().find_endpoint(EndpointName("x"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().remove_endpoint(EndpointName("x"))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().commit_endpoint(endpoint_of("x"))), ErrorCode::kNotFound);
}

TEST_P(EndpointStoreConformance, AChangeCountsTheVersionUp) {
  create("e");
  Endpoint endpoint = find("e");
  EXPECT_EQ(endpoint.version, 1U);
  endpoint.status = EndpointStatus::kFailed;
  endpoint.failure_reason = "why";
  endpoint.serving = generation(1);
  endpoint.modified = kStart + seconds(5);
  ASSERT_TRUE(store().commit_endpoint(endpoint).ok());
  stores_->reopen();
  ++endpoint.version;
  EXPECT_TRUE(find("e") == endpoint);
  endpoint.serving.reset();
  ASSERT_TRUE(store().commit_endpoint(endpoint).ok());
  EXPECT_EQ(find("e").version, 3U);
  EXPECT_FALSE(find("e").serving.has_value());
}

TEST_P(EndpointStoreConformance, AChangeOfWhatHasChangedMeanwhileIsRefused) {
  create("e");
  Endpoint read = find("e");
  read.failure_reason = "first";
  ASSERT_TRUE(store().commit_endpoint(read).ok());
  read.failure_reason = "second";
  EXPECT_EQ(code_of(store().commit_endpoint(read)), ErrorCode::kConflict);
  EXPECT_EQ(find("e").failure_reason, "first");
}

TEST_P(EndpointStoreConformance, AChangeDoesNotReachALaterEndpointOfTheName) {
  create("e");
  Endpoint earlier = find("e");
  ASSERT_TRUE(store().remove_endpoint(EndpointName("e")).ok());
  Endpoint later = endpoint_of("e");
  ASSERT_TRUE(store().create_endpoint(later).ok());
  EXPECT_EQ(code_of(store().commit_endpoint(earlier)), ErrorCode::kConflict);
  later.version = 1;
  EXPECT_TRUE(find("e") == later);
}

TEST_P(EndpointStoreConformance, ListsInEveryOrder) {
  create("B", seconds(1), EndpointStatus::kUpdating);
  create("c", seconds(2), EndpointStatus::kCreating);
  create("a", seconds(2), EndpointStatus::kInService);
  create("d", seconds(0), EndpointStatus::kDeleting);
  EXPECT_EQ(names({}), "c a B d") << "the newest first";
  EXPECT_EQ(names({.descending = false}), "d B a c");
  EXPECT_EQ(names({.order = Order::kName}), "d c B a");
  EXPECT_EQ(names({.order = Order::kName, .descending = false}), "a B c d");
  EXPECT_EQ(names({.order = Order::kStatus}), "B a d c");
  EXPECT_EQ(names({.order = Order::kStatus, .descending = false}), "c d a B");
  stores_->reopen();
  EXPECT_EQ(names({.limit = 2}), "c a");
}

TEST_P(EndpointStoreConformance, EveryFilterNarrows) {
  create("old", seconds(0), EndpointStatus::kFailed);
  create("Mid", seconds(10));
  create("new", seconds(20));
  Endpoint changed = find("old");
  changed.modified = kStart + seconds(30);
  ASSERT_TRUE(store().commit_endpoint(changed).ok());
  const auto found = [this](ResourceQuery query) {
    query.descending = false;
    return names(query);
  };
  EXPECT_EQ(found({.name_contains = "I"}), "Mid");
  EXPECT_EQ(found({.name_contains = "m"}), "Mid");
  EXPECT_EQ(found({.name_contains = "%"}), "");
  EXPECT_EQ(found({.name_contains = "_"}), "");
  EXPECT_EQ(found({.created_after = kStart + seconds(10)}), "Mid new") << "inclusive";
  EXPECT_EQ(found({.created_after = kStart + seconds(10) + microseconds(1)}), "new");
  EXPECT_EQ(found({.created_before = kStart + seconds(10)}), "old Mid");
  EXPECT_EQ(found({.modified_after = kStart + seconds(20)}), "old new");
  EXPECT_EQ(found({.modified_before = kStart + seconds(20)}), "Mid new");
  EXPECT_EQ(found({.status = EndpointStatus::kInService}), "Mid new");
  EXPECT_EQ(found({.name_contains = "o", .status = EndpointStatus::kInService}), "");
}

TEST_P(EndpointStoreConformance, FiltersBeforePaging) {
  for (int i = 0; i < 10; ++i)
    create((i % 2 == 0 ? "even-" : "odd-") + std::to_string(i), seconds(i));
  ResourceQuery query{.name_contains = "ODD", .descending = false, .limit = 2};
  std::string all;
  int pages = 0;
  do {
    all += names(query) + "|";
    query.after = store().list_endpoints(query).value().next;
  } while (!query.after.empty() && ++pages < 10);
  EXPECT_EQ(all, "odd-1 odd-3|odd-5 odd-7|odd-9|");
}

TEST_P(EndpointStoreConformance, PagesOfEveryOrderMeetEachOnce) {
  for (int i = 0; i < 7; ++i)
    create("e" + std::to_string(i), seconds(i / 3),
           i % 2 == 0 ? EndpointStatus::kInService : EndpointStatus::kFailed);
  for (const Order order : {Order::kCreationTime, Order::kName, Order::kStatus}) {
    for (const bool descending : {false, true}) {
      ResourceQuery query{.order = order, .descending = descending, .limit = 100};
      const std::string whole = names(query);
      EXPECT_EQ(whole.size(), 7 * 3 - 1U);
      query.limit = 2;
      std::string joined;
      for (int page = 0; page < 4; ++page) {
        joined += (joined.empty() ? "" : " ") + names(query);
        query.after = store().list_endpoints(query).value().next;
      }
      EXPECT_EQ(joined, whole);
      EXPECT_EQ(query.after, "");
    }
  }
}

// Who deletes what a list shows, page by page.
TEST_P(EndpointStoreConformance, APageGoesOnWhenTheLastOfTheOneBeforeIsGone) {
  for (const char* name : {"a", "b", "c", "d"}) create(name);
  ResourceQuery query{.order = Order::kName, .descending = false, .limit = 2};
  query.after = store().list_endpoints(query).value().next;
  for (const char* name : {"a", "b"}) ASSERT_TRUE(store().remove_endpoint(EndpointName(name)).ok());
  EXPECT_EQ(names(query), "c d");
}

TEST_P(EndpointStoreConformance, ATokenOfAnotherListIsRefused) {
  create("a");
  create("b");
  const ResourceQuery query{.limit = 1};
  const std::string token = store().list_endpoints(query).value().next;
  ASSERT_NE(token, "");
  const auto refused = [this](const ResourceQuery& other) {
    return code_of(store().list_endpoints(other)) == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({.after = "nonsense"}));
  EXPECT_TRUE(refused({.after = "bm9uc2Vuc2U="}));
  EXPECT_TRUE(refused({.descending = false, .after = token}));
  EXPECT_TRUE(refused({.order = Order::kName, .after = token}));
  EXPECT_EQ(code_of(store().list_models({.after = "nonsense"})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(store().list_configs({.after = "nonsense"})), ErrorCode::kInvalidArgument);
}

TEST_P(EndpointStoreConformance, ListsOfModelsAndConfigurationsAreTheirOwn) {
  for (const char* name : {"b", "A"}) {
    ASSERT_TRUE(store().create_model(model_of(name)).ok());
    ASSERT_TRUE(store().create_config(config_of(name)).ok());
  }
  create("e");
  const auto models = store().list_models({.order = Order::kName, .descending = false}).value();
  ASSERT_EQ(models.records.size(), 2U);
  EXPECT_TRUE(models.records[0] == model_of("A"));
  EXPECT_TRUE(models.records[1] == model_of("b"));
  EXPECT_EQ(models.next, "");
  ResourceQuery query{.name_contains = "a", .limit = 5};
  const auto configs = store().list_configs(query).value();
  ASSERT_EQ(configs.records.size(), 1U);
  EXPECT_TRUE(configs.records[0] == config_of("A"));
  // What never changes was modified when it was created, and has no status.
  query = {.modified_after = kStart + microseconds(8)};
  EXPECT_EQ(store().list_models(query).value().records.size(), 0U);
  EXPECT_EQ(store().list_configs(query).value().records.size(), 2U);
  query = {.status = EndpointStatus::kCreating};
  EXPECT_EQ(store().list_models(query).value().records.size(), 0U);
}

TEST_P(EndpointStoreConformance, ClearForgetsEverything) {
  ASSERT_TRUE(store().create_model(model_of("m")).ok());
  ASSERT_TRUE(store().create_config(config_of("c")).ok());
  create("e");
  ASSERT_TRUE(store().clear().ok());
  stores_->reopen();
  EXPECT_TRUE(store().list_models({}).value().records.empty());
  EXPECT_TRUE(store().list_configs({}).value().records.empty());
  EXPECT_EQ(names({}), "");
  create("e");
  EXPECT_EQ(find("e").version, 1U);
}

}  // namespace clary::domain
