#include "serving/engine_plugin.h"

#include <dlfcn.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text_encoding.h"

namespace clary::serving {
namespace {

constexpr std::size_t kKeyLength = 16;

Error to_be_built(const std::string& why, const std::string& environment) {
  return unavailable("the torch engine: " + why + "; run: clary environments build-engine " +
                     environment);
}

}  // namespace

Document EngineRecord::to_document() const {
  return Document::object({{"abi", abi},
                           {"environment", environment},
                           {"library_version", library_version},
                           {"library_folder", library_folder}});
}

Result<EngineRecord> EngineRecord::from_document(const Document& document) {
  if (!document.is_object()) return invalid_argument("engine.json: no object");
  return EngineRecord{.abi = document.int_or("abi", 0),
                      .environment = document.string_or("environment", ""),
                      .library_version = document.string_or("library_version", ""),
                      .library_folder = document.string_or("library_folder", "")};
}

std::string engine_folder(const std::string& data_folder, const std::string& interpreter) {
  // <prefix>/bin/python. The interpreter itself may be a link out of its environment.
  const std::string prefix = folder_of(folder_of(interpreter));
  const std::string key = real_path(prefix).value_or(prefix);
  return path_join(data_folder, "engines/" + hex_encode(sha256(key)).substr(0, kKeyLength));
}

std::string torch_version_in(const std::string& torch_folder) {
  const Result<std::string> text = read_file(path_join(torch_folder, "version.py"));
  constexpr std::string_view kName = "__version__ = '";
  const std::size_t at = text.ok() ? text->find(kName) : std::string::npos;
  if (at == std::string::npos) return "";
  const std::size_t begin = at + kName.size();
  return text->substr(begin, text->find('\'', begin) - begin);
}

bool torch_has_old_strings(const std::string& torch_folder) {
  const Result<std::string> text =
      read_file(path_join(torch_folder, "share/cmake/Torch/TorchConfig.cmake"));
  return text.ok() && text->find("-D_GLIBCXX_USE_CXX11_ABI=0") != std::string::npos;
}

Result<std::shared_ptr<const EnginePlugin>> EnginePlugin::open(const std::string& folder,
                                                               const std::string& environment) {
  const Result<std::string> text = read_file(path_join(folder, "engine.json"));
  if (!text.ok()) return to_be_built("none has been built for this environment", environment);
  const Result<Document> document = parse_json(*text);
  if (!document.ok()) return document.error().within("'" + folder + "/engine.json'");
  CLARY_TRY(EngineRecord record, EngineRecord::from_document(*document));
  const std::string name = record.environment.empty() ? environment : record.environment;
  if (record.abi != CLARY_ENGINE_ABI)
    return to_be_built("it was built by another release of clary (version " +
                           std::to_string(record.abi) + " of its interface, this is " +
                           std::to_string(CLARY_ENGINE_ABI) + ")",
                       name);
  const std::string version = torch_version_in(record.library_folder);
  if (version != record.library_version)
    return to_be_built("it was built for torch " + record.library_version + ", and '" +
                           record.library_folder + "' holds " +
                           (version.empty() ? "none" : version),
                       name);
  const std::string path = path_join(folder, kEngineLibrary);
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = ::dlerror();
    return to_be_built(why == nullptr ? "it cannot be opened" : why, name);
  }
  const auto entry =
      reinterpret_cast<clary_engine_entry_function>(::dlsym(library, CLARY_ENGINE_ENTRY));
  const clary_engine_api* const functions = entry == nullptr ? nullptr : entry(CLARY_ENGINE_ABI);
  if (functions == nullptr || functions->abi != CLARY_ENGINE_ABI ||
      functions->size < sizeof(clary_engine_api))
    return to_be_built("'" + path + "' speaks another version of the interface", name);
  return std::shared_ptr<const EnginePlugin>(new EnginePlugin(*functions, std::move(record)));
}

std::shared_ptr<const EnginePlugin> EnginePlugin::linked(const clary_engine_api& functions) {
  return std::shared_ptr<const EnginePlugin>(new EnginePlugin(functions, {}));
}

}  // namespace clary::serving
