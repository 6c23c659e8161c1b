#include "serving/user_code.h"

#include <array>

#include "base/files.h"
#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr const char* kManifest = "MAR-INF/MANIFEST.json";

bool is_open_folder(const std::string& path) { return exists(path_join(path, ".")); }

// The archive may have one folder around all.
std::optional<std::string> archive_in(const std::string& model_folder) {
  if (exists(path_join(model_folder, kManifest))) return kManifest;
  const auto names = list_folder(model_folder);
  if (!names.ok()) return std::nullopt;
  for (const std::string& name : *names) {
    const std::string inside = path_join(name, kManifest);
    if (exists(path_join(model_folder, inside))) return inside;
  }
  return std::nullopt;
}

// As a person looks for it: from the model's folder, where it lies there.
std::string seen_from(const std::string& model_folder, const std::string& path) {
  const std::string begin = path_join(model_folder, "");
  return path.starts_with(begin) ? path.substr(begin.size()) : path;
}

}  // namespace

std::optional<std::string> user_code_of(const std::string& model_folder,
                                        const CodeVariables& variables) {
  if (const auto archive = archive_in(model_folder)) return archive;
  // The toolkits' own names stand for SageMaker's functions.
  if (!variables.handler.empty() && !variables.handler.starts_with("sagemaker_"))
    return "the handler " + variables.handler;
  std::string code = path_join(model_folder, "code");
  if (!is_open_folder(code)) code = model_folder;
  if (!variables.submit_folder.empty() && is_open_folder(variables.submit_folder))
    code = variables.submit_folder;
  const std::string program = variables.program.empty() ? "inference.py" : variables.program;
  std::string module = base_name(program);
  if (module.ends_with(".py")) module.resize(module.size() - 3);
  module = replace_all(module, ".", "/");
  const std::string inner =
      program.find('/') == std::string::npos ? code : path_join(code, folder_of(program));
  for (const std::string& folder : std::array{inner, code, path_join(code, "lib")}) {
    for (const char* ending : {".py", "/__init__.py"}) {
      const std::string path = path_join(folder, module + ending);
      if (exists(path)) return seen_from(model_folder, path);
    }
  }
  return std::nullopt;
}

}  // namespace clary::serving
