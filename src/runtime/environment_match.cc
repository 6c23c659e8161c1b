#include "runtime/environment_match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/strings.h"

namespace clary::runtime {
namespace {

using Version = std::vector<std::int64_t>;

// The leading numbers: "2.13.0+cpu" and "2.13.0rc1" are 2.13.0.
Version parse_version(std::string_view text) {
  Version version;
  for (const std::string_view part : split(text, '.')) {
    const std::size_t digits = std::min(part.find_first_not_of("0123456789"), part.size());
    const auto number = parse_int(part.substr(0, digits));
    if (!number) break;
    version.push_back(*number);
    if (digits < part.size()) break;
  }
  return version;
}

// -1, 0, 1; a missing number is 0.
int compare(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::int64_t left = i < a.size() ? a[i] : 0;
    const std::int64_t right = i < b.size() ? b[i] : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

// Whether what is asked for (1.8) covers what there is (1.8.1).
bool covers(const Version& asked, const Version& there) {
  return compare(asked, Version(there.begin(), there.begin() + std::min(std::ssize(asked),
                                                                        std::ssize(there)))) == 0;
}

// Whether a is the better answer to `asked` than b: covered first, then the oldest of the newer,
// then the newest of the older.
bool is_nearer(const Version& asked, const Version& a, const Version& b) {
  if (covers(asked, a) != covers(asked, b)) return covers(asked, a);
  const bool a_not_older = compare(a, asked) >= 0;
  const bool b_not_older = compare(b, asked) >= 0;
  if (a_not_older != b_not_older) return a_not_older;
  return a_not_older ? compare(a, b) < 0 : compare(a, b) > 0;
}

std::optional<InstalledPackage> first_installed(const hostlink::PlanInterpreter& interpreter,
                                                const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto found = interpreter.packages.find(name);
    if (found != interpreter.packages.end()) return InstalledPackage{found->first, found->second};
  }
  return std::nullopt;
}

// The version of what is asked for, if the environment has it.
std::optional<std::string> installed(const Environment& environment, const PackageAsk& ask) {
  const std::optional<InstalledPackage> found = first_installed(environment.interpreter, ask.names);
  if (!found) return std::nullopt;
  return found->version;
}

bool fits(const Environment& environment, const ImageName& image) {
  return environment.problem.empty() &&
         std::ranges::all_of(image.packages, [&](const PackageAsk& ask) {
           return installed(environment, ask).has_value();
         });
}

bool is_better(const ImageName& image, const Environment& a, const Environment& b) {
  for (const PackageAsk& ask : image.packages) {
    if (ask.version.empty()) continue;
    const Version asked = parse_version(ask.version);
    const Version left = parse_version(installed(a, ask).value_or(""));
    const Version right = parse_version(installed(b, ask).value_or(""));
    if (compare(left, right) != 0) return is_nearer(asked, left, right);
  }
  return false;
}

const Environment* nearest_environment(const ImageName& image,
                                       const std::vector<Environment>& environments) {
  const Environment* best = nullptr;
  for (const Environment& environment : environments) {
    if (!fits(environment, image)) continue;
    if (best == nullptr || is_better(image, environment, *best)) best = &environment;
  }
  return best;
}

// "image asks torch 1.8.1, running 2.13.0", for each package that differs.
std::vector<std::string> differences(const ImageName& image, const Environment& environment) {
  std::vector<std::string> sentences;
  for (const PackageAsk& ask : image.packages) {
    const std::string there = installed(environment, ask).value_or("");
    if (ask.version.empty() || covers(parse_version(ask.version), parse_version(there))) continue;
    sentences.push_back(
        fmt::format("image asks {} {}, running {}", ask.names[0], ask.version, there));
  }
  return sentences;
}

// `clary environments create pytorch torch`; with versions: one that has exactly what is asked for.
std::string create_command(const ImageName& image, bool with_versions) {
  std::string name = image.framework;
  std::string packages;
  for (const PackageAsk& ask : image.packages) {
    packages += " " + ask.names[0];
    if (with_versions && !ask.version.empty()) packages += "==" + ask.version;
  }
  if (with_versions) name += "-" + image.packages[0].version;
  return fmt::format("clary environments create {}{}", name, packages);
}

Error nothing_fits(const ImageName& image, const std::vector<Environment>& environments) {
  std::vector<std::string> wanted;
  for (const PackageAsk& ask : image.packages) wanted.push_back(ask.names[0]);
  std::vector<std::string> seen;
  for (const Environment& environment : environments) {
    seen.push_back(environment.name +
                   (environment.problem.empty() ? "" : " (unusable: " + environment.problem + ")"));
  }
  return not_found(fmt::format(
      "no Python environment has {}, which image '{}' brings; looked at: {}. To mend it: {}",
      fmt::join(wanted, " and "), image.uri, seen.empty() ? "none" : join(seen, ", "),
      create_command(image, false)));
}

// For an image that says nothing of what it holds: the environment that has its repository's name.
// Docker's own `python` asks for no package, so any that works does.
Result<EnvironmentChoice> match_unnamed(const ImageName& image,
                                        const std::vector<Environment>& environments) {
  const auto named = std::ranges::find(environments, image.repository, &Environment::name);
  if (named != environments.end()) {
    if (named->problem.empty()) return EnvironmentChoice{named->name, named->interpreter, {}, {}};
    return not_found(
        fmt::format("environment '{}', which stands for image '{}', cannot be used: {}",
                    named->name, image.uri, named->problem));
  }
  if (image.repository != "python" && !check_environment_name(image.repository).ok()) {
    return not_found(fmt::format(
        "image '{}' names no framework, and no environment can be called '{}'. To mend it: give "
        "the job an image whose last part is the name of one (`clary environments`)",
        image.uri, image.repository));
  }
  if (image.repository != "python") {
    return not_found(fmt::format(
        "image '{0}' names no framework, and no environment is called '{1}'. To mend it: clary "
        "environments add {1} /path/to/python3",
        image.uri, image.repository));
  }
  const auto first = std::ranges::find(environments, std::string(), &Environment::problem);
  if (first == environments.end()) {
    return not_found(
        fmt::format("no Python environment works here, so image '{}' cannot run. To mend "
                    "it: clary environments add python /path/to/python3",
                    image.uri));
  }
  return EnvironmentChoice{
      .name = first->name,
      .interpreter = first->interpreter,
      .notices = {fmt::format("image '{}': running in the environment '{}' (Python {})", image.uri,
                              first->name, first->interpreter.python_version)}};
}

}  // namespace

std::optional<InstalledPackage> installed_package(const hostlink::PlanInterpreter& interpreter,
                                                  std::string_view package) {
  return first_installed(interpreter, distributions_of(package));
}

Status check_environment_name(const std::string& name) {
  const auto allowed = [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 ||
           std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 63 || name[0] == '-' || name[0] == '.' ||
      !std::ranges::all_of(name, allowed)) {
    return invalid_argument("environment '" + name +
                            "': a name is 1 to 63 of a-z, 0-9, '-', '_' and '.', beginning with a "
                            "letter or digit");
  }
  if (name == "default") {
    return invalid_argument(
        "environment 'default': this name is kept for $VIRTUAL_ENV or the first python3 on PATH");
  }
  return {};
}

Result<EnvironmentChoice> match_environment(const EnvironmentRequest& request,
                                            const std::vector<Environment>& environments) {
  const ImageName image = parse_image_name(request.image);
  if (!image.algorithm.empty() && (!request.script_mode || image.packages.empty())) {
    return unsupported(
        fmt::format("image '{}' is the built-in algorithm {}, which is not carried out here; "
                    "jobs with a script of their own are",
                    image.uri, image.algorithm));
  }
  if (image.packages.empty()) {
    if (!request.script_mode) {
      return unsupported(fmt::format(
          "image '{}' brings a program of its own, and there is no container engine here; give a "
          "script (sagemaker_program), and it runs in a Python environment of this machine",
          image.uri));
    }
    return match_unnamed(image, environments);
  }
  const Environment* best = nearest_environment(image, environments);
  if (best == nullptr) return nothing_fits(image, environments);
  std::vector<std::string> notices = differences(image, *best);
  if (request.strictness == Strictness::kExact && !notices.empty()) {
    return not_found(fmt::format("{}, and strict_versions is set. To mend it: {}",
                                 join(notices, "; "), create_command(image, true)));
  }
  return EnvironmentChoice{.name = best->name,
                           .interpreter = best->interpreter,
                           .framework_module = image.framework_module,
                           .notices = std::move(notices)};
}

}  // namespace clary::runtime
