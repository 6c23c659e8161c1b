#include "serving/model_roots.h"

#include <algorithm>
#include <string_view>

#include "base/files.h"
#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr std::string_view kObjects = "s3://";
constexpr std::size_t kMostNameBytes = 1024;

bool stays_below(std::string_view path) {
  const std::vector<std::string_view> parts = split(path, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part != "." && part != "..";
  });
}

std::string with_slash(std::string text) {
  if (!text.ends_with('/')) text += '/';
  return text;
}

bool is_name(std::string_view name) {
  return name.size() <= kMostNameBytes && stays_below(name) &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Result<std::string> allowed_source(const ModelRoots& roots, const std::string& url) {
  if (url.starts_with(kObjects)) {
    const std::string from = with_slash(roots.from);
    std::string_view below = url;
    if (!roots.from.starts_with(kObjects) || !url.starts_with(from))
      return denied("'" + url + "' is not below what --models-from names");
    below.remove_prefix(from.size());
    if (below.ends_with('/')) below.remove_suffix(1);
    if (!stays_below(below)) return invalid_argument("'" + url + "' is no object's address");
    return url;
  }
  if (!url.starts_with('/'))
    return invalid_argument("'" + url + "': neither an absolute path nor s3://BUCKET/KEY");
  CLARY_TRY(const std::string path, real_path(url));
  std::vector<std::string> folders = roots.folders;
  if (!roots.from.empty() && !roots.from.starts_with(kObjects)) folders.push_back(roots.from);
  for (const std::string& folder : folders) {
    const Result<std::string> root = real_path(folder);
    if (root.ok() && path.starts_with(with_slash(*root))) return path;
  }
  return denied("'" + url + "' is not below a folder that models are loaded from (--model-root)");
}

Result<std::string> source_of_name(const ModelRoots& roots, const std::string& name) {
  if (roots.from.empty()) return not_found("no model '" + name + "' is loaded");
  if (!is_name(name)) return invalid_argument("'" + name + "' is no name of a model");
  return allowed_source(roots, with_slash(roots.from) + name);
}

}  // namespace clary::serving
