// bare_loop FILE SHAPE THREADS SECONDS: runs a model again and again, in so many threads, without a
// server. One line of JSON: calls a second of all threads, CPU seconds a call.
//
// FILE: an AOTInductor package (.pt2), or TorchScript (.pt), which is frozen and optimised first.
// SHAPE: of its one float32 input, "1,3,32,32". bench/run compiles this against an environment's
// torch, as `clary environments build-engine` does with the torch engine.
#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/script.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Run = std::function<void(const at::Tensor&)>;

std::vector<std::int64_t> parse_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  std::stringstream stream(text);
  for (std::string size; std::getline(stream, size, ',');) shape.push_back(std::stoll(size));
  return shape;
}

// Any thread may call what is returned.
Run load(const std::string& path, int threads) {
  if (path.ends_with(".pt2")) {
    auto loader = std::make_shared<torch::inductor::AOTIModelPackageLoader>(
        path, "model", false, static_cast<std::size_t>(threads), -1);
    return [loader](const at::Tensor& input) { loader->run({input}); };
  }
  torch::jit::Module module = torch::jit::load(path);
  module.eval();
  module = torch::jit::freeze(module);
  module = torch::jit::optimize_for_inference(module);
  auto shared = std::make_shared<torch::jit::Module>(module);
  return [shared](const at::Tensor& input) { shared->forward({input}); };
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t run_until(const Run& run, const at::Tensor& input, Clock::time_point end) {
  at::init_num_threads();
  const c10::InferenceMode no_gradients;
  std::uint64_t calls = 0;
  for (; Clock::now() < end; ++calls) run(input);
  return calls;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bare_loop FILE SHAPE THREADS SECONDS\n");
    return 2;
  }
  const int threads = std::atoi(argv[3]);
  at::set_num_threads(1);
  const c10::InferenceMode no_gradients;
  const Run run = load(argv[1], threads);
  const at::Tensor input = at::rand(parse_shape(argv[2]));
  for (int i = 0; i < 5; ++i) run(input);

  const double cpu_before = cpu_seconds();
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(std::atof(argv[4])));
  std::atomic<std::uint64_t> calls = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
      workers.emplace_back([&] { calls += run_until(run, input, end); });
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const auto count = static_cast<double>(calls.load());
  std::printf("{\"rate\": %.3f, \"cpu\": %.9f}\n", count / seconds,
              (cpu_seconds() - cpu_before) / count);
  return 0;
}
