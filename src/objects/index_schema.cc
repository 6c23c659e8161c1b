#include <array>

#include "objects/object_index.h"

namespace clary::objects {
namespace {

// docs/formats/objects.md explains every column.
constexpr std::string_view kFormat1 = R"sql(
CREATE TABLE buckets(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  region TEXT NOT NULL,
  changes INTEGER NOT NULL);
CREATE TABLE sequence(last INTEGER NOT NULL);
INSERT INTO sequence VALUES(0);
CREATE TABLE objects(
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  version BLOB NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  modified INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  crc32c BLOB NOT NULL,
  checksum_kind INTEGER,
  checksum TEXT,
  body INTEGER,
  file TEXT,
  metadata TEXT,
  PRIMARY KEY(bucket, key, version)) WITHOUT ROWID;
CREATE TABLE bodies(
  number INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL);
CREATE TABLE uploads(
  id TEXT PRIMARY KEY,
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  begun INTEGER NOT NULL,
  checksum_kind INTEGER,
  composite INTEGER NOT NULL,
  metadata TEXT,
  completed_etag TEXT) WITHOUT ROWID;
CREATE TABLE parts(
  upload TEXT NOT NULL,
  number INTEGER NOT NULL,
  size INTEGER NOT NULL,
  md5 BLOB NOT NULL,
  crc32c BLOB NOT NULL,
  checksum_kind INTEGER,
  checksum TEXT,
  file TEXT NOT NULL,
  PRIMARY KEY(upload, number)) WITHOUT ROWID;
)sql";

constexpr std::string_view kSettings = R"sql(
CREATE TABLE settings(
  bucket INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(bucket, kind)) WITHOUT ROWID;
CREATE TRIGGER settings_go_with_the_bucket AFTER DELETE ON buckets BEGIN
  DELETE FROM settings WHERE bucket = OLD.number;
END;
)sql";

// Versions, tags, the parts of objects, the times of uploads' parts.
constexpr std::string_view kVersions = R"sql(
ALTER TABLE buckets ADD COLUMN versioning INTEGER NOT NULL DEFAULT 0;
ALTER TABLE objects ADD COLUMN id TEXT;
ALTER TABLE objects ADD COLUMN tags TEXT;
ALTER TABLE objects ADD COLUMN parts TEXT;
ALTER TABLE uploads ADD COLUMN tags TEXT;
ALTER TABLE parts ADD COLUMN modified INTEGER NOT NULL DEFAULT 0;
CREATE TABLE versions(
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  changed INTEGER NOT NULL,
  id TEXT,
  marker INTEGER NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  etag TEXT NOT NULL DEFAULT '',
  modified INTEGER NOT NULL,
  crc32c BLOB,
  checksum_kind INTEGER,
  checksum TEXT,
  body INTEGER,
  file TEXT,
  metadata TEXT,
  tags TEXT,
  parts TEXT,
  PRIMARY KEY(bucket, key, changed DESC)) WITHOUT ROWID;
)sql";

// What the buckets that have a quota hold: kept up with by whatever changes their rows. INSERT OR
// REPLACE fires no trigger for the row it replaces, so the insertion's takes it off.
constexpr std::string_view kQuotas = R"sql(
CREATE TABLE quotas(
  bucket INTEGER PRIMARY KEY,
  quota INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE TRIGGER quota_of_the_replaced BEFORE INSERT ON objects BEGIN
  UPDATE quotas SET bytes = bytes - coalesce((SELECT size FROM objects WHERE bucket = NEW.bucket
    AND key = NEW.key AND version = NEW.version), 0) WHERE bucket = NEW.bucket;
END;
CREATE TRIGGER quota_of_the_put AFTER INSERT ON objects BEGIN
  UPDATE quotas SET bytes = bytes + NEW.size WHERE bucket = NEW.bucket;
END;
CREATE TRIGGER quota_of_the_removed AFTER DELETE ON objects BEGIN
  UPDATE quotas SET bytes = bytes - OLD.size WHERE bucket = OLD.bucket;
END;
CREATE TRIGGER quota_of_the_kept AFTER INSERT ON versions BEGIN
  UPDATE quotas SET bytes = bytes + NEW.size WHERE bucket = NEW.bucket;
END;
CREATE TRIGGER quota_of_the_dropped AFTER DELETE ON versions BEGIN
  UPDATE quotas SET bytes = bytes - OLD.size WHERE bucket = OLD.bucket;
END;
CREATE TRIGGER quota_of_the_part_replaced BEFORE INSERT ON parts BEGIN
  UPDATE quotas SET bytes = bytes - coalesce((SELECT size FROM parts WHERE upload = NEW.upload
    AND number = NEW.number), 0) WHERE bucket = (SELECT bucket FROM uploads WHERE id = NEW.upload);
END;
CREATE TRIGGER quota_of_the_part AFTER INSERT ON parts BEGIN
  UPDATE quotas SET bytes = bytes + NEW.size
    WHERE bucket = (SELECT bucket FROM uploads WHERE id = NEW.upload);
END;
CREATE TRIGGER quota_of_the_part_joined AFTER DELETE ON parts BEGIN
  UPDATE quotas SET bytes = bytes - OLD.size
    WHERE bucket = (SELECT bucket FROM uploads WHERE id = OLD.upload);
END;
CREATE TRIGGER quotas_go_with_the_bucket AFTER DELETE ON buckets BEGIN
  DELETE FROM quotas WHERE bucket = OLD.number;
END;
)sql";

// What the checksum of an upload is made of, where its parts brought another kind.
constexpr std::string_view kPartChecksums = R"sql(
ALTER TABLE parts ADD COLUMN crc64nvme BLOB;
)sql";

// Parts that are written where they will stand in the object.
constexpr std::string_view kUploadFiles = R"sql(
ALTER TABLE uploads ADD COLUMN part_bytes INTEGER;
)sql";

constexpr std::array<std::string_view, 6> kMigrations = {kFormat1, kSettings,      kVersions,
                                                         kQuotas,  kPartChecksums, kUploadFiles};

}  // namespace

std::span<const std::string_view> index_migrations() { return kMigrations; }

}  // namespace clary::objects
