#include "services/models.h"

#include "services/serving_fixture.h"

namespace clary::services {
namespace {

using domain::ModelDataForm;
using testing::HasSubstr;

constexpr const char* kModelArn = "arn:aws:sagemaker:eu-west-1:000000000000:model/model";

class ModelsTest : public ServingTest {
 protected:
  std::string create_with(const std::string& members) {
    auto outcome = models_.create(
        from_json<api::CreateModelInput>(
            R"({"ModelName": "M", "ExecutionRoleArn": "arn:aws:iam::000000000000:role/R", )" +
            members + "}"),
        context_);
    return said(outcome);
  }
  std::string create_of(const std::string& container_members) {
    return create_with(R"("PrimaryContainer": {"Image": "i", )" + container_members + "}");
  }
  domain::Model stored(const std::string& name = "M") {
    return store_.find_model(ModelName(name)).value();
  }
};

TEST_F(ModelsTest, WhatWasAskedForIsGivenBack) {
  auto created = models_.create(model_request(), context_);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->model_arn, kModelArn);
  auto reply = models_.describe({.model_name = "Model"}, context_);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->model_name, "Model");
  EXPECT_EQ(reply->model_arn, kModelArn);
  EXPECT_EQ(reply->primary_container->image, "pytorch-inference:2.0-cpu-py310");
  EXPECT_EQ(reply->primary_container->model_data_url, "s3://bucket/model.tar.gz");
  EXPECT_EQ(reply->primary_container->mode, "SingleModel");
  EXPECT_EQ(reply->execution_role_arn, "arn:aws:iam::000000000000:role/R");
  EXPECT_EQ(reply->enable_network_isolation, false);
  EXPECT_EQ(reply->creation_time, context_.now);
  EXPECT_THAT(tags("model/model"), testing::ElementsAre(domain::Tag{"k", "v"}));
}

TEST_F(ModelsTest, AnArchiveIsAContainersData) {
  ASSERT_EQ(said(models_.create(model_request(), context_)), "");
  const domain::Model model = stored("Model");
  ASSERT_EQ(model.containers.size(), 1U);
  EXPECT_EQ(model.containers[0].form, ModelDataForm::kArchive);
  EXPECT_EQ(model.containers[0].model_uri, "s3://bucket/model.tar.gz");
  EXPECT_FALSE(model.containers[0].many_models);
  EXPECT_EQ(model.containers[0].environment.size(), 1U);
}

TEST_F(ModelsTest, ANameIsTakenInAnyCaseAndFreeAgain) {
  ASSERT_EQ(said(models_.create(model_request(), context_)), "");
  EXPECT_EQ(said(models_.create(model_request("MODEL"), context_)),
            std::string("ValidationException: Cannot create already existing model \"") +
                kModelArn + "\".");
  EXPECT_EQ(said(models_.remove({.model_name = "model"}, context_)), "");
  EXPECT_TRUE(tags("model/model").empty());
  const std::string gone =
      std::string("ValidationException: Could not find model \"") + kModelArn + "\".";
  EXPECT_EQ(said(models_.describe({.model_name = "Model"}, context_)), gone);
  EXPECT_EQ(said(models_.remove({.model_name = "Model"}, context_)), gone);
  EXPECT_EQ(said(models_.create(model_request(), context_)), "");
}

TEST_F(ModelsTest, TheFormsOfModelData) {
  const auto form_of = [this](const std::string& members) {
    EXPECT_EQ(create_of(members), "");
    const domain::ModelContainer made = stored().containers.at(0);
    EXPECT_TRUE(store_.remove_model(ModelName("M")).ok());
    return std::pair(made.form, made.model_uri);
  };
  const auto source = [](const std::string& uri, const char* type, const char* packing) {
    return R"("ModelDataSource": {"S3DataSource": {"S3Uri": ")" + uri + R"(", "S3DataType": ")" +
           type + R"(", "CompressionType": ")" + packing + R"("}})";
  };
  EXPECT_EQ(form_of(R"("Mode": "SingleModel")"), std::pair(ModelDataForm::kNone, std::string()));
  EXPECT_EQ(form_of(source("s3://b/m/", "S3Prefix", "None")),
            std::pair(ModelDataForm::kObjects, std::string("s3://b/m/")));
  EXPECT_EQ(form_of(source("s3://b/m.pt", "S3Object", "None")),
            std::pair(ModelDataForm::kObject, std::string("s3://b/m.pt")));
  EXPECT_EQ(form_of(source("s3://b/m.tgz", "S3Object", "Gzip")),
            std::pair(ModelDataForm::kArchive, std::string("s3://b/m.tgz")));
  EXPECT_EQ(form_of(R"("Mode": "MultiModel", "ModelDataUrl": "s3://b/many")"),
            std::pair(ModelDataForm::kObjects, std::string("s3://b/many/")));
  EXPECT_THAT(create_of(source("s3://b/m/", "S3Prefix", "Gzip")), HasSubstr("S3Object"));
  EXPECT_THAT(create_of(source("s3://b/m", "S3Prefix", "None")), HasSubstr("end with a slash"));
  EXPECT_THAT(create_of(source("https://b/m", "S3Object", "None")), HasSubstr("s3://"));
}

TEST_F(ModelsTest, ManyModelsAreMarked) {
  ASSERT_EQ(create_of(R"("Mode": "MultiModel", "ModelDataUrl": "s3://b/many/",
                         "MultiModelConfig": {"ModelCacheSetting": "Enabled"})"),
            "");
  EXPECT_TRUE(stored().containers.at(0).many_models);
}

TEST_F(ModelsTest, APipelineHasItsContainersInOrder) {
  ASSERT_EQ(
      create_with(R"("Containers": [{"Image": "a", "ContainerHostname": "one"}, {"Image": "b"}])"),
      "");
  EXPECT_EQ(stored().containers.at(0).hostname, "one");
  EXPECT_EQ(stored().containers.at(1).image, "b");
  EXPECT_FALSE(stored().direct);
}

TEST_F(ModelsTest, ContainersThatAreCalledDirectlyHaveNames) {
  const std::string direct = R"("InferenceExecutionConfig": {"Mode": "Direct"}, )";
  EXPECT_THAT(create_with(direct + R"("Containers": [{"Image": "a"}])"),
              HasSubstr("ContainerHostname"));
  EXPECT_EQ(create_with(direct + R"("Containers": [{"Image": "a", "ContainerHostname": "h"}])"),
            "");
  EXPECT_TRUE(stored().direct);
}

TEST_F(ModelsTest, WhatMakesNoModelIsRefused) {
  EXPECT_THAT(create_with(R"("Tags": [])"), HasSubstr("either a PrimaryContainer or Containers"));
  EXPECT_THAT(create_with(R"("PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}])"),
              HasSubstr("not both"));
  EXPECT_THAT(create_with(R"("PrimaryContainer": {})"), HasSubstr("Image"));
  EXPECT_THAT(create_of(R"("ModelDataUrl": "s3://b/model.zip")"), HasSubstr(".tar.gz"));
  EXPECT_THAT(create_of(R"("ModelDataUrl": "s3://b/")"), HasSubstr("no object"));
  EXPECT_THAT(create_of(R"("Mode": "MultiModel")"), HasSubstr("ModelDataUrl"));
  EXPECT_THAT(create_of(R"("MultiModelConfig": {"ModelCacheSetting": "Enabled"})"),
              HasSubstr("MultiModel"));
  EXPECT_THAT(create_with(R"("Containers": [{"Image": "a", "ContainerHostname": "h"},
                                    {"Image": "b", "ContainerHostname": "h"}])"),
              HasSubstr("unique"));
  api::CreateModelInput roleless = model_request();
  roleless.execution_role_arn.reset();
  EXPECT_THAT(said(models_.create(roleless, context_)), HasSubstr("'executionRoleArn'"));
}

TEST_F(ModelsTest, ARoleThatDoesNotTrustSageMakerIsRefused) {
  ASSERT_TRUE(identities_
                  .create({.kind = domain::IdentityKind::kRole,
                           .name = "R",
                           .trust = R"({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                                        "Principal": {"Service": "ec2.amazonaws.com"}}})"})
                  .ok());
  EXPECT_THAT(said(models_.create(model_request(), context_)),
              HasSubstr("Could not assume role arn:aws:iam::000000000000:role/R"));
}

TEST_F(ModelsTest, AModelWhoseTagsAreNotKeptIsNotThere) {
  jobs_.set_broken(true);
  EXPECT_FALSE(models_.create(model_request(), context_).ok());
  jobs_.set_broken(false);
  EXPECT_EQ(said(models_.create(model_request(), context_)), "");
}

TEST_F(ModelsTest, ListsPageByPageInTheOrderAskedFor) {
  for (const char* name : {"b", "a", "c"})
    ASSERT_EQ(said(models_.create(model_request(name), context_)), "");
  api::ListModelsInput request;
  request.sort_by = "Name";
  request.sort_order = "Ascending";
  request.max_results = 2;
  auto first = models_.list(request, context_);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->models.size(), 2U);
  EXPECT_EQ(first->models[0].model_name, "a");
  request.next_token = first->next_token;
  auto second = models_.list(request, context_);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->models.size(), 1U);
  EXPECT_EQ(second->models[0].model_name, "c");
  EXPECT_FALSE(second->next_token.has_value());
  EXPECT_EQ(models_.list({.name_contains = "B"}, context_)->models.size(), 1U);
  EXPECT_THAT(said(models_.list({.next_token = "none of ours"}, context_)),
              HasSubstr("Invalid NextToken"));
}

}  // namespace
}  // namespace clary::services
