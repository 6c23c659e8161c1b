#include "runtime/image_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/strings.h"

namespace clary::runtime {
namespace {

struct Framework {
  std::string_view name;
  std::string_view packages;  // names that do, by comma
  std::string_view module;
};

// The modules: SAGEMAKER_TRAINING_MODULE in the images' Dockerfiles.
constexpr std::array kFrameworks = {
    Framework{"pytorch", "torch", "sagemaker_pytorch_container.training:main"},
    Framework{"tensorflow", "tensorflow,tensorflow-cpu,tensorflow-gpu,tensorflow-intel,tf-nightly",
              "sagemaker_tensorflow_container.training:main"},
    Framework{"mxnet", "mxnet", "sagemaker_mxnet_container.training:main"},
    Framework{"chainer", "chainer", "sagemaker_chainer_container.training:main"},
    Framework{"sklearn", "scikit-learn", "sagemaker_sklearn_container.training:main"},
    Framework{"xgboost", "xgboost,xgboost-cpu", "sagemaker_xgboost_container.training:main"},
};

constexpr std::array<std::string_view, 18> kAlgorithms = {"linear-learner",
                                                          "kmeans",
                                                          "pca",
                                                          "factorization-machines",
                                                          "knn",
                                                          "ntm",
                                                          "ipinsights",
                                                          "object2vec",
                                                          "randomcutforest",
                                                          "image-classification",
                                                          "object-detection",
                                                          "semantic-segmentation",
                                                          "blazingtext",
                                                          "seq2seq",
                                                          "forecasting-deepar",
                                                          "lda",
                                                          "autogluon-training",
                                                          "sagemaker-tensorflow-tabular"};

std::vector<std::string> names_in(std::string_view packages) {
  const std::vector<std::string_view> names = split(packages, ',');
  return {names.begin(), names.end()};
}

const Framework& framework_named(std::string_view name) {
  return *std::ranges::find(kFrameworks, name, &Framework::name);
}

// The digits and dots that `text` begins with, without a dot at the end.
std::string leading_version(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (std::isdigit(static_cast<unsigned char>(text[length])) != 0 || text[length] == '.')) {
    ++length;
  }
  while (length > 0 && text[length - 1] == '.') --length;
  return std::string(text.substr(0, length));
}

void ask(ImageName& image, std::string_view framework, std::string version) {
  const Framework& found = framework_named(framework);
  image.framework_module = found.module;
  PackageAsk package{.version = std::move(version)};
  package.names = names_in(found.packages);
  image.packages.push_back(std::move(package));
}

bool remove_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// `<framework>-training`, `<framework>-inference`, each with an optional `-eia`, `-graviton`,
// `-neuron`, `-neuronx`. The framework, or "".
std::string_view deep_learning_container(std::string_view repository) {
  for (const std::string_view scope : {"-training", "-inference"}) {
    const std::size_t at = repository.find(scope);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = repository.substr(at + scope.size());
    constexpr std::array<std::string_view, 5> kVariants = {"", "-eia", "-graviton", "-neuron",
                                                           "-neuronx"};
    if (std::ranges::find(kVariants, rest) != kVariants.end()) return repository.substr(0, at);
  }
  return {};
}

// The older `sagemaker-<framework>` and their variants for serving; the framework, or "".
std::string_view older_container(std::string_view repository) {
  if (!remove_prefix(repository, "sagemaker-")) return {};
  for (const std::string_view framework : {"pytorch", "tensorflow", "mxnet", "chainer"}) {
    std::string_view rest = repository;
    if (!remove_prefix(rest, framework)) continue;
    constexpr std::array<std::string_view, 5> kVariants = {"", "-scriptmode", "-serving",
                                                           "-serving-eia", "-eia"};
    if (std::ranges::find(kVariants, rest) != kVariants.end()) return framework;
  }
  return {};
}

bool is_plain_framework(std::string_view name) {
  return name == "pytorch" || name == "tensorflow" || name == "mxnet" || name == "chainer";
}

// Cuts the reference into repository and tag.
void split_reference(ImageName& image) {
  std::string_view rest = image.uri;
  rest = rest.substr(0, rest.find('@'));
  const std::size_t slash = rest.rfind('/');
  if (slash != std::string_view::npos) rest.remove_prefix(slash + 1);
  const std::size_t colon = rest.find(':');
  image.repository = std::string(rest.substr(0, colon));
  if (colon != std::string_view::npos) image.tag = std::string(rest.substr(colon + 1));
}

// huggingface-pytorch-training:1.7-transformers4.6.1-gpu-py36: two packages, transformers first.
void ask_hugging_face(ImageName& image, std::string_view base) {
  constexpr std::string_view kMark = "-transformers";
  const std::size_t at = image.tag.find(kMark);
  std::string version;
  if (at != std::string::npos) {
    version = leading_version(std::string_view(image.tag).substr(at + kMark.size()));
  }
  image.framework = "huggingface";
  image.packages.push_back({{"transformers"}, std::move(version)});
  ask(image, base, leading_version(image.tag));
}

}  // namespace

std::vector<std::string> distributions_of(std::string_view package) {
  for (const Framework& framework : kFrameworks) {
    std::vector<std::string> names = names_in(framework.packages);
    if (names.front() == package) return names;
  }
  return {std::string(package)};
}

ImageName parse_image_name(std::string_view uri) {
  ImageName image{.uri = std::string(uri)};
  split_reference(image);
  const std::string_view repository = image.repository;
  std::string_view container = deep_learning_container(repository);
  if (container.empty()) container = older_container(repository);
  if (is_plain_framework(container)) {
    image.framework = container;
    ask(image, container, leading_version(image.tag));
  } else if (remove_prefix(container, "huggingface-") && is_plain_framework(container)) {
    ask_hugging_face(image, container);
  } else if (repository == "xgboost" || repository == "sagemaker-xgboost") {
    image.framework = image.algorithm = "xgboost";
    // "1.7-1" is XGBoost 1.7, first build; "latest" and "1" name no version.
    const std::string version = leading_version(image.tag);
    ask(image, "xgboost", version.find('.') == std::string::npos ? "" : version);
  } else if (repository == "sagemaker-scikit-learn") {
    image.framework = "sklearn";
    ask(image, "sklearn", leading_version(image.tag));
  } else if (std::ranges::find(kAlgorithms, repository) != kAlgorithms.end()) {
    image.algorithm = repository;
  }
  return image;
}

}  // namespace clary::runtime
