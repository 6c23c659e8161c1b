// The metadata database of a data directory: one file, one writer, readers that never wait for it.
// Format: docs/formats/meta.md.
//
// Thread-safe. The stores made on it must not outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/commit_queue.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace clary::meta {

class Database {
 public:
  // Makes or upgrades the file. Unsupported, with a sentence for people, when a newer release wrote
  // it.
  static Result<std::unique_ptr<Database>> open(const std::string& path);

  // Runs `body` in one transaction, which concurrent writes share; what it returns decides whether
  // it is committed. It runs again when that transaction had to be given up. Durable when this
  // returns.
  Status write(const std::function<Status(sqlite::Database&)>& body);
  // A connection that sees the last commit.
  Result<sqlite::Readers::Lease> read() { return readers_.take(); }

 private:
  Database(std::unique_ptr<sqlite::Database> writer, std::string path)
      : readers_(std::move(path)), commits_(std::move(writer)) {}

  sqlite::Readers readers_;
  sqlite::CommitQueue commits_;
};

}  // namespace clary::meta
