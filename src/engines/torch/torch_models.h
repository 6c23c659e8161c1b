// The kinds of models that the torch plugin runs: TorchScript, and AOTInductor packages of
// torch.export. Part of the plugin.
#pragma once

#include <ATen/Parallel.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engines/torch/torch_graphs.h"

// Packages are run since 2.7.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 7)
#define CLARY_HAS_PACKAGES 1
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#endif

namespace clary::torch_engine {

// Thread-safe once made.
class Model {
 public:
  virtual ~Model() = default;
  virtual at::IValue run(std::vector<at::Tensor> inputs) = 0;
  virtual const char* kind() const = 0;
  // -1: not known.
  virtual int inputs() const = 0;
  virtual bool may_not_end() const = 0;
  virtual bool may_be_joined() const = 0;
};

class ScriptModel final : public Model {
 public:
  ScriptModel(const std::string& path, const at::Device& device)
      : module_(torch::jit::load(path, device)) {
    module_.eval();
    improve();
    const auto graph = module_.get_method("forward").graph()->copy();
    torch::jit::Inline(*graph);
    may_not_end_ = has_endless_parts(*graph->block());
    may_be_joined_ = is_frozen_ && !may_not_end_ && !decides_by_numbers(*graph->block());
    const auto& schema = module_.get_method("forward").function().getSchema();
    inputs_ = static_cast<int>(std::count_if(
        schema.arguments().begin() + 1, schema.arguments().end(),
        [](const c10::Argument& argument) { return !argument.default_value().has_value(); }));
  }

  at::IValue run(std::vector<at::Tensor> inputs) override {
    std::vector<at::IValue> values(inputs.begin(), inputs.end());
    inputs.clear();
    return module_.forward(std::move(values));
  }
  const char* kind() const override { return "torchscript"; }
  int inputs() const override { return inputs_; }
  bool may_not_end() const override { return may_not_end_; }
  bool may_be_joined() const override { return may_be_joined_; }

 private:
  // What cannot be frozen, because it writes to its own attributes, runs as it is.
  void improve() {
    try {
      module_ = torch::jit::freeze(module_);
      is_frozen_ = true;
      module_ = torch::jit::optimize_for_inference(module_);
    } catch (const std::exception&) {
    }
  }

  torch::jit::Module module_;
  bool is_frozen_ = false;
  bool may_not_end_ = true;
  bool may_be_joined_ = false;
  int inputs_ = -1;
};

#ifdef CLARY_HAS_PACKAGES
class PackageModel final : public Model {
 public:
  PackageModel(const std::string& path, const at::Device& device, std::uint32_t runs)
      : loader_(path, "model", false, std::max<std::uint32_t>(runs, 1),
                device.is_cpu() ? -1 : device.index()) {
    // [inputs, outputs], as torch.utils._pytree writes them; a leaf has no type.
    const std::vector<std::string> spec = loader_.get_call_spec();
    is_tensor_ = spec.size() == 2 && spec[1].find("\"type\": null") != std::string::npos &&
                 spec[1].find("\"children_spec\": []") != std::string::npos;
    for (const auto& [key, value] : loader_.get_metadata()) {
      if (key == "AOTI_DEVICE_KEY") device_ = value;
    }
  }

  at::IValue run(std::vector<at::Tensor> inputs) override {
    std::vector<at::Tensor> outputs = outputs_of(inputs);
    if (is_tensor_ && outputs.size() == 1) return outputs[0];
    return at::IValue(outputs);
  }
  const char* kind() const override { return "aotinductor"; }
  int inputs() const override { return -1; }
  // Its kernels are a fixed sequence.
  bool may_not_end() const override { return false; }
  bool may_be_joined() const override { return true; }
  const std::string& device() const { return device_; }

 private:
  // An axis that export was told may be 1 is compiled as one of at least 2, and the package's own
  // check of its inputs refuses 1. A single row then goes twice, and its answer is the first row's.
  std::vector<at::Tensor> outputs_of(const std::vector<at::Tensor>& inputs) {
    const bool is_row =
        !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [](const at::Tensor& input) {
          return input.dim() > 0 && input.size(0) == 1;
        });
    if (!is_row) return loader_.run(inputs);
    if (!needs_two_rows_) {
      try {
        return loader_.run(inputs);
      } catch (const std::exception& failure) {
        const std::string why = failure.what();
        if (why.find("too small at 0, expected it to be >= 2, but got: 1") == std::string::npos)
          throw;
      }
    }
    std::vector<at::Tensor> pairs;
    for (const at::Tensor& input : inputs) pairs.push_back(at::cat({input, input}));
    std::vector<at::Tensor> outputs = loader_.run(pairs);
    needs_two_rows_ = true;
    for (at::Tensor& output : outputs) {
      if (output.dim() == 0 || output.size(0) != 2)
        throw std::invalid_argument(
            "the package takes two rows or more, and its outputs have no row for each");
      output = output.narrow(0, 0, 1);
    }
    return outputs;
  }

  torch::inductor::AOTIModelPackageLoader loader_;
  std::atomic<bool> needs_two_rows_ = false;
  bool is_tensor_ = false;
  std::string device_ = "cpu";
};
#endif

inline bool is_torchscript(const std::string& path) {
  try {
    return caffe2::serialize::PyTorchStreamReader(path).hasRecord("constants.pkl");
  } catch (const std::exception&) {
    return false;
  }
}

// model.pt, else the only other TorchScript file at the top of the folder, else the only package.
inline std::string find_model(const std::string& folder) {
  namespace fs = std::filesystem;
  if (fs::exists(fs::path(folder) / "model.pt")) return fs::path(folder) / "model.pt";
  std::vector<std::string> scripts;
  std::vector<std::string> packages;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string ending = entry.path().extension();
    if (ending == ".pt2") packages.push_back(entry.path());
    if ((ending == ".pt" || ending == ".pth") && is_torchscript(entry.path()))
      scripts.push_back(entry.path().filename());
  }
  if (scripts.empty() && packages.size() == 1) return packages[0];
  if (scripts.size() == 1) return fs::path(folder) / scripts[0];
  std::sort(scripts.begin(), scripts.end());
  std::string names;
  for (const std::string& name : scripts)
    names.append(names.empty() ? "'" : ", '").append(name).append("'");
  throw std::invalid_argument("Exactly one .pth or .pt file is required for PyTorch models: [" +
                              names + "]");
}

inline at::Device choose_device(const std::string& wanted) {
  if (wanted.empty()) return torch::cuda::is_available() ? at::Device("cuda:0") : at::Device("cpu");
  return wanted == "cuda" ? at::Device("cuda:0") : at::Device(wanted);
}

// device: where it is wanted; then, where it is.
inline std::unique_ptr<Model> load_model(const std::string& path, std::uint32_t runs,
                                         at::Device& device) {
  if (std::filesystem::path(path).extension() == ".pt2") {
#ifdef CLARY_HAS_PACKAGES
    auto package = std::make_unique<PackageModel>(path, device, runs);
    if (package->device().rfind("cpu", 0) == 0) device = at::Device("cpu");
    return package;
#else
    throw std::invalid_argument(path +
                                ": packages of torch.export are run by torch 2.7 and later; "
                                "this one is " TORCH_VERSION);
#endif
  }
  try {
    return std::make_unique<ScriptModel>(path, device);
  } catch (const c10::Error&) {
    throw std::invalid_argument("Failed to load " + path +
                                ". Please ensure model is saved using torchscript.");
  }
}

}  // namespace clary::torch_engine
