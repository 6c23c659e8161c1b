#include "apps/places.h"

#include "apps/settings.h"
#include "base/document.h"
#include "base/files.h"
#include "base/json.h"
#include "meta/postgres_sql.h"

namespace clary::apps {
namespace {

constexpr std::uint64_t kLargestNote = 1 << 16;

std::string file_of(const std::string& data) { return path_join(data, "places.json"); }

// NotFound: nothing was noted.
Result<Places> read_note(const std::string& data) {
  CLARY_TRY(const std::string text, read_file(file_of(data), kLargestNote));
  const auto note = parse_json(text);
  if (!note.ok()) return note.error().within("'" + file_of(data) + "'");
  return Places{.metadata = note->string_or("metadata", ""),
                .objects = note->string_or("objects", "")};
}

}  // namespace

Result<Places> read_places(const std::string& data) {
  Result<Places> noted = read_note(data);
  if (noted.ok() || noted.error().code != ErrorCode::kNotFound) return noted;
  CLARY_TRY(const Settings settings, settings_of_server(data));
  return Places{.metadata = meta::shown_url(settings.metadata),
                .objects = settings.objects_location};
}

Status write_places(const std::string& data, const Places& places) {
  if (const auto noted = read_note(data); noted.ok() && *noted == places) return {};
  const Document note =
      Document::object({{"metadata", places.metadata}, {"objects", places.objects}});
  return write_file_atomically(file_of(data), to_pretty_json(note), 0600, Durability::kSynced);
}

}  // namespace clary::apps
