#include "apps/engine_builder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "apps/embedded_files.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/subprocess.h"
#include "serving/engine_plugin.h"

namespace clary::apps {
namespace {

constexpr mode_t kOpenFolder = 0755;
constexpr Duration kAskLimit = std::chrono::minutes(2);
constexpr Duration kCompileLimit = std::chrono::minutes(30);

// Where torch lies, without importing it.
constexpr const char* kWhereIsTorch =
    "import importlib.util, os\n"
    "found = importlib.util.find_spec('torch')\n"
    "print(os.path.dirname(found.origin) if found and found.origin else '')\n";

Result<std::string> torch_folder(const EngineBuild& build) {
  CLARY_TRY(const SubprocessResult asked,
            run_subprocess({.command = {build.python, "-I", "-c", kWhereIsTorch},
                            .folder = "/",
                            .timeout = kAskLimit}));
  const std::string folder(trim(asked.output));
  if (asked.exit_code != 0 || folder.empty())
    return not_found("environment '" + build.environment + "': it has no torch");
  if (!exists(path_join(folder, "include/torch/script.h")) ||
      !exists(path_join(folder, "include/torch/csrc/api/include/torch/version.h")) ||
      serving::torch_version_in(folder).empty())
    return not_found("environment '" + build.environment + "': its torch in '" + folder +
                     "' has no headers; one that pip installed has them");
  return folder;
}

std::vector<std::string> compile_command(const std::string& compiler, const std::string& source,
                                         const std::string& torch, const std::string& library) {
  const std::string lib = path_join(torch, "lib");
  std::vector<std::string> command = {compiler,
                                      "-std=c++20",
                                      "-O2",
                                      "-fPIC",
                                      "-shared",
                                      "-fvisibility=hidden",
                                      "-I" + source,
                                      "-isystem",
                                      path_join(torch, "include"),
                                      "-isystem",
                                      path_join(torch, "include/torch/csrc/api/include"),
                                      path_join(source, "engines/torch/torch_plugin.cc"),
                                      "-o",
                                      library,
                                      "-L" + lib,
                                      "-Wl,-rpath," + lib,
                                      "-Wl,--no-as-needed"};
  if (serving::torch_has_old_strings(torch)) command.emplace_back("-D_GLIBCXX_USE_CXX11_ABI=0");
  // Nothing of a library is named by the plugin itself: a GPU's is found by being loaded.
  for (const char* name : {"c10", "torch_cpu", "torch", "c10_cuda", "torch_cuda"}) {
    if (exists(path_join(lib, "lib" + std::string(name) + ".so")))
      command.push_back("-l" + std::string(name));
  }
  return command;
}

// The first line with "error" in it, else the last one.
std::string why_not(const SubprocessResult& done) {
  const std::string_view said = trim(done.errors.empty() ? done.output : done.errors);
  for (const std::string_view line : split(said, '\n')) {
    if (line.find("error") != std::string_view::npos) return std::string(line.substr(0, 500));
  }
  return std::string(said.substr(said.rfind('\n') + 1).substr(0, 500));
}

Status compile(const EngineBuild& build, const std::string& source, const std::string& torch,
               const std::string& library) {
  std::vector<std::string> compilers = {"g++", "c++"};
  if (!build.compiler.empty()) compilers = {build.compiler};
  for (const std::string& compiler : compilers) {
    const Result<SubprocessResult> done =
        run_subprocess({.command = compile_command(compiler, source, torch, library),
                        .folder = "/",
                        .timeout = kCompileLimit,
                        .on_output = build.on_output});
    if (!done.ok() && done.error().code == ErrorCode::kNotFound) continue;
    if (!done.ok()) return done.error().within("the torch engine: " + compiler);
    if (done->exit_code == 0) return {};
    return invalid_argument("the torch engine: " + compiler +
                            " does not compile it: " + why_not(*done));
  }
  return not_found("the torch engine: no C++ compiler (" + join(compilers, ", ") +
                   "); on Debian: apt-get install g++");
}

}  // namespace

Result<BuiltEngine> build_engine(const EngineBuild& build) {
  CLARY_TRY(const std::string torch, torch_folder(build));
  CLARY_TRY(const std::string source, unpack_engine(build.data_folder));
  const std::string folder = serving::engine_folder(build.data_folder, build.python);
  CLARY_RETURN_IF_ERROR(make_folders(folder, 0700));
  // Instances of endpoints read it under another user, and only this folder is shown to them.
  if (::chmod(folder.c_str(), kOpenFolder) != 0) return system_error("open '" + folder + "'");
  const std::string library = path_join(folder, serving::kEngineLibrary);
  const std::string aside = library + "." + std::to_string(::getpid());
  if (const Status compiled = compile(build, source, torch, aside); !compiled.ok()) {
    ::unlink(aside.c_str());
    return compiled.error();
  }
  if (::chmod(aside.c_str(), kOpenFolder) != 0) return system_error("open '" + aside + "'");
  if (::rename(aside.c_str(), library.c_str()) != 0)
    return system_error("rename to '" + library + "'");
  const serving::EngineRecord record{.environment = build.environment,
                                     .library_version = serving::torch_version_in(torch),
                                     .library_folder = torch};
  CLARY_RETURN_IF_ERROR(write_file_atomically(path_join(folder, "engine.json"),
                                              to_pretty_json(record.to_document()), 0644));
  // What cannot be opened is found out now.
  CLARY_TRY(const auto opened, serving::EnginePlugin::open(folder, build.environment));
  return BuiltEngine{.library = library, .torch = opened->record().library_version};
}

}  // namespace clary::apps
