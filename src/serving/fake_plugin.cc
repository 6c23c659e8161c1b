#include "serving/fake_plugin.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "serving/tensor.h"

namespace {

using clary::serving::Shape;

struct FakeOutput {
  Shape shape;
  std::vector<float> values;
};
using FakeRun = FakeOutput (*)(const Shape& shape, std::span<float> input);

struct FakeModel {
  const char* name;
  FakeRun run;
  std::uint32_t flags = CLARY_MAY_BE_JOINED;
};

std::int64_t rows_in(const Shape& shape) { return shape.empty() ? 1 : shape[0]; }

FakeOutput scaled(const Shape& shape, std::span<float> input, float by) {
  FakeOutput output{shape, {input.begin(), input.end()}};
  for (float& value : output.values) value *= by;
  return output;
}

FakeOutput doubled(const Shape& shape, std::span<float> input) { return scaled(shape, input, 2); }

FakeOutput telling(const Shape& shape, std::span<float> input) {
  return scaled(shape, input, 1 + static_cast<float>(rows_in(shape)) / 100000);
}

FakeOutput centred(const Shape& shape, std::span<float> input) {
  FakeOutput output = scaled(shape, input, 1);
  const auto rows = static_cast<std::size_t>(rows_in(shape));
  const std::size_t columns = input.size() / rows;
  for (std::size_t column = 0; column < columns; ++column) {
    float sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += input[row * columns + column];
    for (std::size_t row = 0; row < rows; ++row)
      output.values[row * columns + column] -= sum / static_cast<float>(rows);
  }
  return output;
}

FakeOutput added_up(const Shape& shape, std::span<float> input) {
  FakeOutput output = scaled(shape, input, 1);
  const std::size_t columns = input.size() / static_cast<std::size_t>(rows_in(shape));
  for (std::size_t i = columns; i < output.values.size(); ++i)
    output.values[i] += output.values[i - columns];
  return output;
}

FakeOutput squeezed(const Shape& shape, std::span<float> input) {
  FakeOutput output = scaled(shape, input, 1);
  if (rows_in(shape) == 1 && !shape.empty()) output.shape.erase(output.shape.begin());
  return output;
}

FakeOutput of_one_row(const Shape& shape, std::span<float> input) {
  if (rows_in(shape) != 1) throw std::invalid_argument("one row is wanted");
  return scaled(shape, input, 1);
}

FakeOutput without_zeros(const Shape& shape, std::span<float> input) {
  if (std::ranges::find(input, 0.0F) != input.end()) throw std::invalid_argument("a zero");
  return scaled(shape, input, 1);
}

FakeOutput in_place(const Shape& shape, std::span<float> input) {
  for (float& value : input) value += 1;
  return scaled(shape, input, 1);
}

FakeOutput constant(const Shape&, std::span<float>) { return {{}, {7}}; }

constexpr std::array<FakeModel, 10> kFakeModels = {{{.name = "double", .run = doubled},
                                                    {.name = "tells", .run = telling},
                                                    {.name = "centre", .run = centred},
                                                    {.name = "adds up", .run = added_up},
                                                    {.name = "squeeze", .run = squeezed},
                                                    {.name = "one row", .run = of_one_row},
                                                    {.name = "no zeros", .run = without_zeros},
                                                    {.name = "in place", .run = in_place},
                                                    {.name = "constant", .run = constant},
                                                    {.name = "keeps", .run = telling, .flags = 0}}};

// What a result points to.
struct FakeResult {
  FakeOutput output;
  clary_tensor tensor;
};

}  // namespace

struct clary_engine {
  FakeModel model;
};

namespace {

int refuse(char** error, const char* why) {
  *error = ::strdup(why);
  return 1;
}

int fake_create(const clary_engine_options* options, clary_engine** engine, char** error) {
  for (const FakeModel& model : kFakeModels) {
    if (std::strcmp(model.name, options->device) != 0) continue;
    *engine = new clary_engine{model};
    return 0;
  }
  return refuse(error, "no such fake model");
}

void fake_destroy(clary_engine* engine) { delete engine; }

int fake_describe(clary_engine* engine, clary_engine_view* view, char**) {
  view->flags = engine->model.flags;
  view->threads = 1;
  view->inputs = 1;
  view->kind = "fake";
  view->file = engine->model.name;
  view->device = "cpu";
  return 0;
}

int fake_set_threads(clary_engine*, std::uint32_t, char**) { return 0; }

int fake_run(clary_engine* engine, const clary_tensor* inputs, std::uint32_t count,
             clary_engine_result* result, char** error) {
  CLARY_CHECK(count == 1 && inputs->dtype == CLARY_FLOAT32);
  const Shape shape(inputs->shape, inputs->shape + inputs->rank);
  const std::span<float> input(static_cast<float*>(inputs->data),
                               clary::serving::elements_of(shape).value_or(0));
  auto made = std::make_unique<FakeResult>();
  try {
    made->output = engine->model.run(shape, input);
  } catch (const std::invalid_argument& failure) {
    return refuse(error, failure.what());
  }
  made->tensor = {.size = sizeof(clary_tensor),
                  .dtype = CLARY_FLOAT32,
                  .rank = static_cast<std::uint32_t>(made->output.shape.size()),
                  .flags = 0,
                  .shape = made->output.shape.data(),
                  .data = made->output.values.data()};
  result->count = 1;
  result->tensors = &made->tensor;
  result->layout = "\x01";
  result->layout_length = 1;
  result->owner = made.release();
  return 0;
}

void fake_release_result(clary_engine_result* result) {
  delete static_cast<FakeResult*>(result->owner);
  result->owner = nullptr;
}

void fake_release_error(char* error) { std::free(error); }

constexpr clary_engine_api kFakeFunctions = {.size = sizeof(clary_engine_api),
                                             .abi = CLARY_ENGINE_ABI,
                                             .name = "fake",
                                             .library_version = "1",
                                             .create = fake_create,
                                             .destroy = fake_destroy,
                                             .describe = fake_describe,
                                             .set_threads = fake_set_threads,
                                             .run = fake_run,
                                             .release_result = fake_release_result,
                                             .release_error = fake_release_error};

}  // namespace

namespace clary::serving {

std::shared_ptr<const EnginePlugin> fake_plugin() { return EnginePlugin::linked(kFakeFunctions); }

}  // namespace clary::serving
