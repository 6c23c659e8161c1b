#include "runtime/environment_images.h"

#include <gtest/gtest.h>

namespace clary::runtime {
namespace {

Environment environment(std::string name, std::map<std::string, std::string> packages) {
  Environment made{.name = std::move(name)};
  made.interpreter.python = "/envs/" + made.name + "/bin/python";
  made.interpreter.python_version = "3.11.7";
  made.interpreter.packages = std::move(packages);
  return made;
}

std::string names(const std::vector<EnvironmentImage>& images) {
  std::string all;
  for (const EnvironmentImage& image : images)
    all += (all.empty() ? "" : " ") + image.repository + ':' + image.tag;
  return all;
}

TEST(EnvironmentImages, AreNamedAsAwsNamesItsContainers) {
  EXPECT_EQ(names(images_of({environment("default", {{"torch", "2.13.0+cpu"},
                                                     {"transformers", "4.50.1"},
                                                     {"scikit-learn", "1.9.1"},
                                                     {"xgboost", "3.1.0"}})})),
            "default:latest huggingface-pytorch-training:2.13.0-transformers4.50.1-cpu-py311 "
            "pytorch-training:2.13.0-cpu-py311 sagemaker-scikit-learn:1.9.1-1-cpu-py3 "
            "sagemaker-xgboost:3.1.0-1");
  EXPECT_EQ(names(images_of({environment("bare", {})})), "bare:latest");
}

TEST(EnvironmentImages, WhatCannotBeUsedIsNone) {
  Environment broken = environment("broken", {{"torch", "2.0"}});
  broken.problem = "it does not start";
  EXPECT_TRUE(images_of({broken}).empty());
}

TEST(EnvironmentImages, EachIsRunByTheEnvironmentItIsMadeOf) {
  const std::vector<Environment> all{
      environment("default", {{"numpy", "2.0"}}),
      environment("old", {{"torch", "1.13.1"}, {"transformers", "4.26.0"}}),
      environment("new",
                  {{"torch", "2.13.0"}, {"tensorflow-cpu", "2.15.1"}, {"xgboost-cpu", "1.7.6"}}),
      environment("same", {{"torch", "2.13.0"}})};
  const std::vector<EnvironmentImage> images = images_of(all);
  EXPECT_GT(images.size(), 6U);
  for (const EnvironmentImage& image : images) {
    const auto choice =
        match_environment({.image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/" +
                                    image.repository + ':' + image.tag,
                           .strictness = Strictness::kExact},
                          all);
    ASSERT_TRUE(choice.ok()) << image.repository << ": " << choice.error().message;
    EXPECT_EQ(choice->name, image.environment) << image.repository << ':' << image.tag;
  }
}

TEST(EnvironmentImages, ADigestChangesWithThePackages) {
  const auto digest = [](const std::string& version) {
    return images_of({environment("e", {{"numpy", version}})}).front().digest;
  };
  EXPECT_EQ(digest("2.0"), digest("2.0"));
  EXPECT_NE(digest("2.0"), digest("2.1"));
}

}  // namespace
}  // namespace clary::runtime
