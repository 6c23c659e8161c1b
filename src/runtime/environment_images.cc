#include "runtime/environment_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::runtime {
namespace {

// "2.13.0" of "2.13.0+cpu": a tag holds no plus sign.
std::string version_of(const Environment& environment, const std::string& package) {
  const std::optional<InstalledPackage> found = installed_package(environment.interpreter, package);
  return found ? found->version.substr(0, found->version.find('+')) : "";
}

// "py311"
std::string python_of(const Environment& environment) {
  const std::vector<std::string_view> numbers = split(environment.interpreter.python_version, '.');
  if (numbers.size() < 2) return "py3";
  return "py" + std::string(numbers[0]) + std::string(numbers[1]);
}

std::string digest_of(const Environment& environment) {
  std::string text = environment.interpreter.python + ' ' + environment.interpreter.python_version;
  for (const auto& [name, version] : environment.interpreter.packages)
    text += '\n' + name + "==" + version;
  return "sha256:" + hex_encode(sha256(text));
}

void add_frameworks(const Environment& environment, std::vector<EnvironmentImage>& images) {
  const std::string python = python_of(environment);
  const std::string digest = digest_of(environment);
  const auto add = [&](std::string repository, std::string tag) {
    images.push_back({std::move(repository), std::move(tag), digest, environment.name});
  };
  const std::string transformers = version_of(environment, "transformers");
  for (const char* package : {"torch", "tensorflow", "mxnet"}) {
    const std::string version = version_of(environment, package);
    if (version.empty()) continue;
    const std::string framework = std::string_view(package) == "torch" ? "pytorch" : package;
    add(framework + "-training", fmt::format("{}-cpu-{}", version, python));
    if (transformers.empty() || framework == "mxnet") continue;
    add("huggingface-" + framework + "-training",
        fmt::format("{}-transformers{}-cpu-{}", version, transformers, python));
  }
  if (const std::string version = version_of(environment, "scikit-learn"); !version.empty())
    add("sagemaker-scikit-learn", version + "-1-cpu-py3");
  if (const std::string version = version_of(environment, "xgboost"); !version.empty())
    add("sagemaker-xgboost", version + "-1");
}

}  // namespace

std::vector<EnvironmentImage> images_of(const std::vector<Environment>& environments) {
  std::vector<EnvironmentImage> images;
  for (const Environment& environment : environments) {
    if (!environment.problem.empty()) continue;
    images.push_back({environment.name, "latest", digest_of(environment), environment.name});
    add_frameworks(environment, images);
  }
  const auto name = [](const EnvironmentImage& image) {
    return std::pair(image.repository, image.tag);
  };
  std::ranges::stable_sort(images, {}, name);
  const auto same = std::ranges::unique(images, {}, name);
  images.erase(same.begin(), same.end());
  return images;
}

}  // namespace clary::runtime
