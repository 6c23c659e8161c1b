#include "objects/bucket_records.h"

#include <array>
#include <utility>

#include "base/json.h"
#include "base/time_text.h"

namespace clary::objects {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::array<std::pair<SettingKind, const char*>, 5> kNames = {
    {{SettingKind::kPolicy, "policy"},
     {SettingKind::kCors, "cors"},
     {SettingKind::kLifecycle, "lifecycle"},
     {SettingKind::kTags, "tags"},
     {SettingKind::kPublicAccess, "public_access"}}};

std::string to_text(const BucketRecord& record) {
  Document settings = Document::object();
  for (const auto& [kind, name] : kNames) {
    const auto found = record.settings.find(kind);
    if (found != record.settings.end()) settings.set(name, found->second);
  }
  return to_json(Document::object({{"format", kFormat},
                                   {"created", iso8601(record.bucket.created)},
                                   {"region", *record.bucket.region},
                                   {"settings", std::move(settings)}}));
}

Result<BucketRecord> from_text(const std::string& name, const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  if (document.int_or("format", 0) != kFormat) {
    return unsupported("format " + std::to_string(document.int_or("format", 0)) +
                       "; this release knows " + std::to_string(kFormat));
  }
  BucketRecord record;
  record.bucket.name = BucketName(name);
  record.bucket.region = Region(document.string_or("region", ""));
  CLARY_TRY(record.bucket.created, parse_time(document.string_or("created", "")));
  const Document* settings = document.find("settings");
  for (const auto& [kind, setting] : kNames) {
    const Document* value = settings == nullptr ? nullptr : settings->find(setting);
    if (value != nullptr && value->as_string() != nullptr)
      record.settings[kind] = *value->as_string();
  }
  return record;
}

}  // namespace

Result<std::string> BucketRecords::read(const ObjectKey& key) {
  CLARY_TRY(const ObjectBody body, store_.get(bucket_, key, ReadRequest{}));
  std::string text(static_cast<std::size_t>(body.length), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    CLARY_TRY(const std::size_t got,
              body.bytes->read({text.data() + filled, text.size() - filled}));
    if (got == 0) return internal_error("object '" + *key + "': ended early");
    filled += got;
  }
  return text;
}

Status BucketRecords::put(const ObjectKey& key, const std::string& text, PutCondition condition) {
  PutRequest request{.bucket = bucket_, .key = key, .condition = std::move(condition)};
  request.metadata.content_type = "application/json";
  CLARY_TRY(const std::unique_ptr<ObjectWriter> writer, store_.put(std::move(request)));
  CLARY_RETURN_IF_ERROR(writer->write(text));
  CLARY_TRY([[maybe_unused]] const ObjectHead head, writer->finish());
  return {};
}

Status BucketRecords::claim(const std::string& owner) {
  Result<std::string> text = read(claim_key());
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) {
    const std::string mine = to_json(Document::object({{"format", kFormat}, {"server", owner}}));
    // Conflict: another server, or an attempt of this call whose answer was lost.
    const Status claimed = put(claim_key(), mine, {.only_if_absent = true});
    if (!claimed.ok() && claimed.error().code != ErrorCode::kConflict) return claimed.error();
    text = read(claim_key());
  }
  if (!text.ok()) return text.error();
  const Result<Document> claim = parse_json(*text);
  const std::string holder = claim.ok() ? claim->string_or("server", "") : *text;
  if (holder == owner) return {};
  return already_exists("belongs to the server '" + holder +
                        "'; when that one is gone for good, delete the object '" + *claim_key() +
                        "'");
}

Result<std::vector<BucketRecord>> BucketRecords::load() {
  std::vector<BucketRecord> out;
  const std::string folder = *key_of(BucketName());
  ListRequest request{.bucket = bucket_, .prefix = folder};
  for (;;) {
    CLARY_TRY(const ListPage page, store_.list(request));
    for (const ObjectHead& head : page.objects) {
      CLARY_TRY(const std::string text, read(head.key));
      Result<BucketRecord> record = from_text(head.key->substr(folder.size()), text);
      if (!record.ok()) return record.error().within("object '" + *head.key + "'");
      out.push_back(std::move(*record));
    }
    if (!page.truncated) return out;
    request.after = page.next_after;
  }
}

Status BucketRecords::write(const BucketRecord& record) {
  return put(key_of(record.bucket.name), to_text(record), {});
}

Status BucketRecords::remove(const BucketName& name) {
  return store_.remove(bucket_, key_of(name));
}

}  // namespace clary::objects
