// What the files of the index share: how rows are read, and the small steps that changes are made
// of. Functions on a connection, in the thread that uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/sqlite.h"
#include "objects/object_index.h"

namespace clary::objects {

std::int64_t microseconds(TimePoint time);
TimePoint time_of(std::int64_t microseconds);

// Columns that are NULL for what is not there.
std::optional<Checksum> read_checksum(const sqlite::Statement& row, int kind, int value);
void bind_checksum(sqlite::Statement& row, const std::optional<Checksum>& checksum);
void bind_text_or_null(sqlite::Statement& row, const std::string& text);

// A cursor over rows whose first column is the key. The statement's parameters: the bucket, and the
// key to begin at.
class RowCursor : public KeyCursor {
 public:
  RowCursor(sqlite::Statement rows, std::int64_t bucket)
      : rows_(std::move(rows)), bucket_(bucket) {}
  Result<bool> seek(std::string_view key) override;
  Result<bool> next() override { return rows_.step(); }
  std::string_view key() const override { return rows_.view(0); }

 protected:
  sqlite::Statement rows_;

 private:
  std::int64_t bucket_;
};

// What stands under a key now, as far as a change needs it.
struct Present {
  std::optional<std::string> etag;  // nothing: no object is there
  std::string id;                   // of its version; "": the null version
  std::uint64_t size_bytes = 0;
  TimePoint modified;
  std::optional<std::int64_t> body;
  std::string file;
};
Result<Present> find_present(sqlite::Database& database, std::int64_t bucket, const ObjectKey& key);

// Takes the row of `objects` away, with its bytes. Precondition: present.etag.
Status drop_present(sqlite::Database& database, std::int64_t bucket, const ObjectKey& key,
                    const Present& present, std::vector<std::string>& freed);
Status delete_body(sqlite::Database& database, std::int64_t number);
Status count_change(sqlite::Database& database, std::int64_t bucket);

// Makes place for a new version of the key: what stands there is kept as a version or is to be
// replaced, and a null version that the new one replaces goes. What is left to replace, if
// anything: its row and body are still there.
Result<Present> make_place(sqlite::Database& database, const IndexedBucket& bucket,
                           const ObjectKey& key, Present present, std::vector<std::string>& freed);

// The id of the version that the bucket's next change makes; "" where it keeps none.
std::string next_version_id(const IndexedBucket& bucket);
// How clients see the id of a row.
std::string shown_version(Versioning versioning, std::string id);

}  // namespace clary::objects
