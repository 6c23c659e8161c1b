// What AWS's instance types stand for. Source: AWS's EC2 instance type pages and SageMaker's price
// list.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "compute/resources.h"

namespace clary::compute {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;

// Families without accelerators: memory grows with the cores.
struct Family {
  std::string_view name;
  double gib_per_core;
};
constexpr Family kFamilies[] = {
    {"c4", 1.875}, {"c5", 2},   {"c5d", 2}, {"c5n", 2.625}, {"c6i", 2},  {"c6id", 2},
    {"c6g", 2},    {"c7i", 2},  {"c7g", 2}, {"m4", 4},      {"m5", 4},   {"m5d", 4},
    {"m6i", 4},    {"m6id", 4}, {"m6g", 4}, {"m7i", 4},     {"m7g", 4},  {"r5", 8},
    {"r5d", 8},    {"r6i", 8},  {"r6g", 8}, {"r7i", 8},     {"x2i", 16},
};

struct Size {
  std::string_view name;
  int cores;
};
constexpr Size kSizes[] = {
    {"large", 2},     {"xlarge", 4},    {"2xlarge", 8},   {"4xlarge", 16},
    {"8xlarge", 32},  {"9xlarge", 36},  {"10xlarge", 40}, {"12xlarge", 48},
    {"16xlarge", 64}, {"18xlarge", 72}, {"24xlarge", 96}, {"32xlarge", 128},
};

struct Type {
  std::string_view name;
  int cores;
  int gib;
  int gpus;  // NVIDIA devices; AWS's own accelerators count as none
};
constexpr Type kTypes[] = {
    {"c4.8xlarge", 36, 60, 0},       {"t2.medium", 2, 4, 0},        {"t2.large", 2, 8, 0},
    {"t2.xlarge", 4, 16, 0},         {"t2.2xlarge", 8, 32, 0},      {"t3.medium", 2, 4, 0},
    {"t3.large", 2, 8, 0},           {"t3.xlarge", 4, 16, 0},       {"t3.2xlarge", 8, 32, 0},
    {"p2.xlarge", 4, 61, 1},         {"p2.8xlarge", 32, 488, 8},    {"p2.16xlarge", 64, 732, 16},
    {"p3.2xlarge", 8, 61, 1},        {"p3.8xlarge", 32, 244, 4},    {"p3.16xlarge", 64, 488, 8},
    {"p3dn.24xlarge", 96, 768, 8},   {"p4d.24xlarge", 96, 1152, 8}, {"p4de.24xlarge", 96, 1152, 8},
    {"p5.4xlarge", 16, 256, 1},      {"p5.48xlarge", 192, 2048, 8}, {"p5e.48xlarge", 192, 2048, 8},
    {"p5en.48xlarge", 192, 2048, 8}, {"g4dn.xlarge", 4, 16, 1},     {"g4dn.2xlarge", 8, 32, 1},
    {"g4dn.4xlarge", 16, 64, 1},     {"g4dn.8xlarge", 32, 128, 1},  {"g4dn.12xlarge", 48, 192, 4},
    {"g4dn.16xlarge", 64, 256, 1},   {"g5.xlarge", 4, 16, 1},       {"g5.2xlarge", 8, 32, 1},
    {"g5.4xlarge", 16, 64, 1},       {"g5.8xlarge", 32, 128, 1},    {"g5.12xlarge", 48, 192, 4},
    {"g5.16xlarge", 64, 256, 1},     {"g5.24xlarge", 96, 384, 4},   {"g5.48xlarge", 192, 768, 8},
    {"g6.xlarge", 4, 16, 1},         {"g6.2xlarge", 8, 32, 1},      {"g6.4xlarge", 16, 64, 1},
    {"g6.8xlarge", 32, 128, 1},      {"g6.12xlarge", 48, 192, 4},   {"g6.16xlarge", 64, 256, 1},
    {"g6.24xlarge", 96, 384, 4},     {"g6.48xlarge", 192, 768, 8},  {"g6e.xlarge", 4, 32, 1},
    {"g6e.2xlarge", 8, 64, 1},       {"g6e.4xlarge", 16, 128, 1},   {"g6e.8xlarge", 32, 256, 1},
    {"g6e.12xlarge", 48, 384, 4},    {"g6e.16xlarge", 64, 512, 1},  {"g6e.24xlarge", 96, 768, 4},
    {"g6e.48xlarge", 192, 1536, 8},  {"trn1.2xlarge", 8, 32, 0},    {"trn1.32xlarge", 128, 512, 0},
    {"trn1n.32xlarge", 128, 512, 0}, {"inf1.xlarge", 4, 8, 0},      {"inf1.2xlarge", 8, 16, 0},
    {"inf2.xlarge", 4, 16, 0},       {"inf2.8xlarge", 32, 128, 0},  {"inf2.24xlarge", 96, 384, 0},
    {"inf2.48xlarge", 192, 768, 0},
};

std::optional<Resources> by_family(std::string_view family, std::string_view size) {
  for (const Family& known : kFamilies) {
    if (known.name != family) continue;
    for (const Size& choice : kSizes) {
      if (choice.name != size) continue;
      const double bytes = known.gib_per_core * choice.cores * static_cast<double>(kGiB);
      return Resources{.cores = choice.cores, .memory_bytes = static_cast<std::uint64_t>(bytes)};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Resources> instance_type_resources(std::string_view instance_type) {
  if (instance_type == "local" || instance_type == "local_gpu") return machine_resources();
  const std::string wanted(instance_type);
  if (!instance_type.starts_with("ml."))
    return not_found("instance type '" + wanted + "' is not known");
  instance_type.remove_prefix(3);
  for (const Type& type : kTypes) {
    if (type.name == instance_type) {
      return Resources{.cores = type.cores,
                       .memory_bytes = static_cast<std::uint64_t>(type.gib) * kGiB,
                       .gpus = type.gpus};
    }
  }
  const std::size_t dot = instance_type.find('.');
  if (dot != std::string_view::npos) {
    if (const auto found = by_family(instance_type.substr(0, dot), instance_type.substr(dot + 1)))
      return *found;
  }
  return not_found("instance type '" + wanted + "' is not known");
}

}  // namespace clary::compute
