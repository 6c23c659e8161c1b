#include "host/manifest.h"

#include "base/json.h"
#include "objects/channel_path.h"

namespace clary::host {

Result<std::vector<ManifestEntry>> parse_manifest(std::string_view text) {
  const Result<Document> document = parse_json(text);
  if (!document.ok()) return document.error();
  const Document::Array* list = document->as_array();
  if (list == nullptr || list->empty() || !list->front().is_object()) {
    return invalid_argument("not a list that begins with {\"prefix\": \"s3://bucket/prefix\"}");
  }
  const std::string prefix = list->front().string_or("prefix", "");
  const Result<objects::ObjectUri> base = objects::parse_object_uri(prefix);
  if (!base.ok())
    return invalid_argument("its prefix '" + prefix + "' is not of the form s3://bucket/prefix");
  if (list->size() == 1) return invalid_argument("it names no objects");
  std::vector<ManifestEntry> entries;
  entries.reserve(list->size() - 1);
  for (std::size_t i = 1; i < list->size(); ++i) {
    const std::string place = "entry " + std::to_string(i) + ": ";
    const std::string* name = (*list)[i].as_string();
    if (name == nullptr || name->empty())
      return invalid_argument(place + "not a path relative to the prefix");
    const Result<std::string> path = objects::channel_path("", *name);
    if (!path.ok()) return invalid_argument(place + path.error().message);
    if (path->empty()) return invalid_argument(place + "'" + *name + "' is a folder");
    entries.push_back(
        {.object = {.bucket = base->bucket, .key = base->key + *name}, .path = *path});
  }
  return entries;
}

}  // namespace clary::host
