#include "runtime/image_name.h"

#include <gtest/gtest.h>

namespace clary::runtime {
namespace {

struct Case {
  const char* uri;
  const char* framework;
  const char* asked;  // "torch 1.8.1, transformers 4.6"
  const char* algorithm;
};

class ImageNames : public testing::TestWithParam<Case> {};

TEST_P(ImageNames, SayWhatTheyHold) {
  const ImageName image = parse_image_name(GetParam().uri);
  EXPECT_EQ(image.framework, GetParam().framework);
  EXPECT_EQ(image.algorithm, GetParam().algorithm);
  std::string asked;
  for (const PackageAsk& package : image.packages) {
    asked += (asked.empty() ? "" : ", ") + package.names.at(0);
    if (!package.version.empty()) asked += " " + package.version;
  }
  EXPECT_EQ(asked, GetParam().asked);
  EXPECT_EQ(image.framework_module.empty(), image.packages.empty());
}

#define ECR(account, region) account ".dkr.ecr." region ".amazonaws.com/"
constexpr Case kCases[] = {
    {ECR("763104351884", "us-east-1") "pytorch-training:1.8.1-cpu-py3", "pytorch", "torch 1.8.1",
     ""},
    {ECR("763104351884",
         "us-west-2") "pytorch-training:2.0.1-gpu-py310-cu118-ubuntu20.04-sagemaker",
     "pytorch", "torch 2.0.1", ""},
    {ECR("763104351884",
         "us-west-2") "pytorch-training:1.12.0-gpu-py38-cu113-ubuntu20.04-sagemaker",
     "pytorch", "torch 1.12.0", ""},
    {"727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:1.8.1-gpu-py36", "pytorch",
     "torch 1.8.1", ""},
    {ECR("763104351884", "us-east-1") "pytorch-inference-graviton:1.12.1-cpu-py38", "pytorch",
     "torch 1.12.1", ""},
    {ECR("520713654638", "us-east-1") "sagemaker-pytorch:1.1.0-gpu-py3", "pytorch", "torch 1.1.0",
     ""},
    {ECR("763104351884", "eu-west-1") "tensorflow-training:2.3-gpu-py37", "tensorflow",
     "tensorflow 2.3", ""},
    {ECR("763104351884", "eu-west-1") "tensorflow-inference:2.3-cpu", "tensorflow",
     "tensorflow 2.3", ""},
    {ECR("763104351884", "us-east-1") "pytorch-inference-eia:1.5.1-cpu-py36", "pytorch",
     "torch 1.5.1", ""},
    {ECR("763104351884", "us-east-1") "tensorflow-inference-eia:2.3-cpu", "tensorflow",
     "tensorflow 2.3", ""},
    {ECR("520713654638", "us-east-1") "sagemaker-tensorflow-serving-eia:1.14-cpu", "tensorflow",
     "tensorflow 1.14", ""},
    {ECR("763104351884", "us-east-1") "huggingface-pytorch-inference:2.1.0-transformers4.37.0-cpu-"
                                      "py310-ubuntu22.04",
     "huggingface", "transformers 4.37.0, torch 2.1.0", ""},
    {ECR("520713654638", "us-east-1") "sagemaker-tensorflow-scriptmode:1.12-cpu-py3", "tensorflow",
     "tensorflow 1.12", ""},
    {ECR("763104351884", "us-east-1") "huggingface-pytorch-training:1.7-transformers4.6.1-gpu-"
                                      "py36-cu110-ubuntu18.04",
     "huggingface", "transformers 4.6.1, torch 1.7", ""},
    {ECR("763104351884",
         "us-east-1") "huggingface-tensorflow-training:2.4-transformers4.6-gpu-py37",
     "huggingface", "transformers 4.6, tensorflow 2.4", ""},
    {ECR("811284229777", "us-east-1") "xgboost:latest", "xgboost", "xgboost", "xgboost"},
    {ECR("433757028032", "us-west-2") "xgboost:1", "xgboost", "xgboost", "xgboost"},
    {ECR("683313688378", "us-east-1") "sagemaker-xgboost:1.7-1", "xgboost", "xgboost 1.7",
     "xgboost"},
    {ECR("683313688378", "us-east-1") "sagemaker-xgboost:0.90-2-cpu-py3", "xgboost", "xgboost 0.90",
     "xgboost"},
    {ECR("683313688378", "us-east-1") "sagemaker-scikit-learn:0.23-1-cpu-py3", "sklearn",
     "scikit-learn 0.23", ""},
    {ECR("382416733822", "us-east-1") "linear-learner:1", "", "", "linear-learner"},
    {"911195073761.dkr.ecr.us-east-1.amazonaws.com/djl_deepspeed:0.19", "", "", ""},
    {"myimage:latest", "", "", ""},
    {"localhost:5000/team/pytorch-training:2.1.0-cpu-py310", "pytorch", "torch 2.1.0", ""},
    {"pytorch-training@sha256:"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "pytorch", "torch", ""},
    {"my-pytorch-training-image:1", "", "", ""},
    {"pytorch-training-mine:1", "", "", ""},
    {"", "", "", ""},
};
#undef ECR
INSTANTIATE_TEST_SUITE_P(Contract, ImageNames, testing::ValuesIn(kCases));

TEST(ImageName, TellsTheFrameworksModule) {
  EXPECT_EQ(parse_image_name("x/pytorch-training:2.0-cpu-py3").framework_module,
            "sagemaker_pytorch_container.training:main");
  EXPECT_EQ(parse_image_name("x/huggingface-tensorflow-training:2.4-cpu-py3").framework_module,
            "sagemaker_tensorflow_container.training:main");
  EXPECT_EQ(parse_image_name("x/sagemaker-scikit-learn:1.2-1-cpu-py3").framework_module,
            "sagemaker_sklearn_container.training:main");
}

}  // namespace
}  // namespace clary::runtime
