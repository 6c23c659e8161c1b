#include "host/manifest.h"

#include <algorithm>

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
  // "s3://bucket", where an entry's first slash ends the bucket's name.
  const bool bucket_only = base->key.empty() && !prefix.ends_with('/');
  std::vector<ManifestEntry> entries;
  entries.reserve(list->size() - 1);
  for (std::size_t i = 1; i < list->size(); ++i) {
    const std::string place = "entry " + std::to_string(i) + ": ";
    const std::string* name = (*list)[i].as_string();
    if (name == nullptr || name->empty())
      return invalid_argument(place + "not a path relative to the prefix");
    // A slash between prefix and entry is the key's, not the file's.
    const std::size_t begin = std::min(name->find_first_not_of('/'), name->size());
    const Result<std::string> path = objects::channel_path("", name->substr(begin));
    if (!path.ok()) return invalid_argument(place + path.error().message);
    if (path->empty()) return invalid_argument(place + "'" + *name + "' is a folder");
    const bool ends_bucket = bucket_only && begin > 0;
    entries.push_back(
        {.object = {.bucket = base->bucket, .key = base->key + name->substr(ends_bucket ? 1 : 0)},
         .path = *path});
  }
  return entries;
}

}  // namespace clary::host
