// The torch plugin: serving/engine_abi.h on TorchScript and AOTInductor. `clary environments
// build-engine NAME` compiles this file against the torch of the environment, because torch's own
// C++ interface changes with every release.
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "engines/torch/torch_models.h"
#include "engines/torch/torch_values.h"
#include "serving/engine_abi.h"

struct clary_engine {
  std::string file;
  at::Device device = at::Device("cpu");
  std::string device_name;
  std::unique_ptr<clary::torch_engine::Model> model;
};

namespace {

using clary::torch_engine::Answer;

int fail(char** error, const char* why) {
  if (error != nullptr) *error = ::strdup(why);
  return 1;
}

// Runs `step`; no exception leaves it.
template <typename Step>
int guarded(char** error, const Step& step) {
  try {
    step();
    return 0;
  } catch (const c10::Error& failure) {
    return fail(error, failure.what_without_backtrace());
  } catch (const std::exception& failure) {
    return fail(error, failure.what());
  } catch (...) {
    return fail(error, "the library threw what is no exception of C++");
  }
}

// Each thread takes over how many threads torch may use.
void begin_on_this_thread() {
  thread_local const bool is_begun = [] {
    at::init_num_threads();
    return true;
  }();
  static_cast<void>(is_begun);
}

int create(const clary_engine_options* options, clary_engine** engine, char** error) {
  return guarded(error, [&] {
    // Packages do not look at their inputs unless they are told to, and would read past the end of
    // a smaller one.
    ::setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 0);
    if (options->threads > 0) at::set_num_threads(static_cast<int>(options->threads));
    auto made = std::make_unique<clary_engine>();
    made->file = clary::torch_engine::find_model(options->model_folder);
    made->device = clary::torch_engine::choose_device(options->device);
    const c10::InferenceMode no_gradients;
    made->model = clary::torch_engine::load_model(made->file, options->runs, made->device);
    made->device_name = made->device.str();
    *engine = made.release();
  });
}

void destroy(clary_engine* engine) { delete engine; }

int describe(clary_engine* engine, clary_engine_view* view, char** error) {
  return guarded(error, [&] {
    view->flags = (engine->model->may_not_end() ? CLARY_MAY_NOT_END : 0U) |
                  (engine->model->may_be_joined() ? CLARY_MAY_BE_JOINED : 0U);
    view->threads = static_cast<std::uint32_t>(at::get_num_threads());
    view->inputs = engine->model->inputs();
    view->kind = engine->model->kind();
    view->file = engine->file.c_str();
    view->device = engine->device_name.c_str();
  });
}

int set_threads(clary_engine*, std::uint32_t threads, char** error) {
  return guarded(error, [&] { at::set_num_threads(static_cast<int>(threads)); });
}

int run(clary_engine* engine, const clary_tensor* inputs, std::uint32_t count,
        clary_engine_result* result, char** error) {
  return guarded(error, [&] {
    begin_on_this_thread();
    const c10::InferenceMode no_gradients;
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i)
      tensors.push_back(clary::torch_engine::to_torch(inputs[i], engine->device));
    auto answer = std::make_unique<Answer>();
    answer->add(engine->model->run(std::move(tensors)));
    answer->show(*result);
    static_cast<void>(answer.release());
  });
}

void release_result(clary_engine_result* result) {
  delete static_cast<Answer*>(result->owner);
  result->owner = nullptr;
}

void release_error(char* error) { std::free(error); }

constexpr clary_engine_api kFunctions = {sizeof(clary_engine_api),
                                         CLARY_ENGINE_ABI,
                                         "torch",
                                         TORCH_VERSION,
                                         create,
                                         destroy,
                                         describe,
                                         set_threads,
                                         run,
                                         release_result,
                                         release_error};

}  // namespace

extern "C" __attribute__((visibility("default"))) const clary_engine_api* clary_engine_entry(
    std::uint32_t abi) {
  return abi == CLARY_ENGINE_ABI ? &kFunctions : nullptr;
}
