// The metadata database of a data directory: one file, one writer, readers that never wait for it.
// Format: docs/formats/meta.md.
//
// Thread-safe. The stores made on it must not outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace clary::meta {

class Database {
 public:
  // Makes or upgrades the file. Unsupported, with a sentence for people, when a newer release wrote
  // it.
  static Result<std::unique_ptr<Database>> open(const std::string& path);

  // Runs `body` in one transaction; what it returns decides whether it is committed. Durable when
  // this returns.
  Status write(const std::function<Status(sqlite::Database&)>& body);
  // A connection that sees the last commit.
  Result<sqlite::Readers::Lease> read() { return readers_.take(); }

 private:
  Database(std::unique_ptr<sqlite::Database> writer, std::string path)
      : writer_(std::move(writer)), readers_(std::move(path)) {}

  Mutex mutex_;  // one transaction at a time
  std::unique_ptr<sqlite::Database> writer_ CLARY_GUARDED_BY(mutex_);
  sqlite::Readers readers_;
};

}  // namespace clary::meta
