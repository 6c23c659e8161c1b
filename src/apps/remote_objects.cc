#include "apps/remote_objects.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "objects/aws_profile.h"
#include "objects/remote_s3_store.h"

namespace clary::apps {
namespace {

constexpr std::uint64_t kLargestPutBytes = 5ULL << 30;  // S3's; so a put keeps the ETag of a put
constexpr std::uint64_t kRangeBytes = 4ULL << 20;       // in memory, of every reader
constexpr std::uint64_t kBodyInMemoryBytes = 256ULL << 10;
constexpr Duration kPatience = std::chrono::seconds(3);  // then clients hear 503, and try again

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}
constexpr Duration kSilence = std::chrono::seconds(20);

// Who this data directory is to others: a name for people, and what makes it the only one.
Result<std::string> identity(const DataFolder& folder, IdSource& ids) {
  const std::string path = folder.in("objects.id");
  if (exists(path)) {
    CLARY_TRY(const std::string text, read_file(path, 4096));
    return std::string(trim(text));
  }
  char machine[256] = {};
  ::gethostname(machine, sizeof(machine) - 1);
  std::string id = std::string(machine) + ":" + folder.path() + " " + ids.hex(16);
  CLARY_RETURN_IF_ERROR(write_file_atomically(path, id + "\n", 0600, Durability::kSynced));
  return id;
}

objects::RemoteAccess access_of(const DataFolder& folder, const Settings& settings,
                                const objects::ObjectUri& place) {
  objects::RemoteAccess access{
      .endpoint = settings.objects_endpoint,
      .region = Region(settings.objects_region),
      .credentials = objects::aws_credentials(settings.objects_profile, variable)};
  if (access.endpoint.empty())
    access.endpoint = "https://s3." + settings.objects_region + ".amazonaws.com";
  access.reached.client = {
      .connect_timeout = kPatience, .io_timeout = kSilence, .ca_file = settings.objects_ca};
  if (settings.objects_bucket_in_host) access.reached.bucket_in_host = place.bucket;
  access.retry.give_up_after = kPatience;
  access.bodies = {
      .part_bytes = kLargestPutBytes,
      .range_bytes = kRangeBytes,
      .spool = {.memory_bytes = kBodyInMemoryBytes, .folder = folder.in("cache/bodies")}};
  return access;
}

}  // namespace

Result<RemoteObjects> open_remote_objects(const DataFolder& folder, const Settings& settings,
                                          const Clock& clock, IdSource& ids) {
  CLARY_TRY(const objects::ObjectUri place, objects::parse_object_uri(settings.objects_location));
  CLARY_RETURN_IF_ERROR(make_folders(folder.in("cache/bodies"), 0700));
  CLARY_TRY(std::string owner, identity(folder, ids));
  objects::RemoteAccess access = access_of(folder, settings, place);
  const std::string context =
      "objects in '" + settings.objects_location + "' at " + access.endpoint;
  if (const auto keys = access.credentials(); !keys.ok()) return keys.error().within(context);
  RemoteObjects out;
  CLARY_TRY(out.remote, objects::open_remote_store(std::move(access), clock));
  std::string prefix = place.key;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) prefix += '/';
  auto shared = objects::SharedBucketStore::open(
      *out.remote, {.bucket = place.bucket, .prefix = std::move(prefix), .owner = std::move(owner)},
      clock);
  if (!shared.ok()) return shared.error().within(context);
  out.shared = std::move(*shared);
  return out;
}

}  // namespace clary::apps
