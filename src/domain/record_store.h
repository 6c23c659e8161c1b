// RecordStore: small texts by space and key, in the order of their keys: for what has no table of
// its own, as the calls that wait for an endpoint and the rules by which endpoints are scaled.
//
// Implementations: meta::make_record_store (on SQLite or PostgreSQL), FakeRecordStore. All pass
// record_store_conformance. Texts are UTF-8. Thread-safe; calls may block on a disk or a network.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace clary::domain {

struct KeptRecord {
  std::string key;
  std::string text;
  friend bool operator==(const KeptRecord&, const KeptRecord&) = default;
};

class RecordStore {
 public:
  virtual ~RecordStore() = default;
  virtual Status put(const std::string& space, const KeptRecord& record) = 0;  // replaces
  virtual Result<KeptRecord> find(const std::string& space,
                                  const std::string& key) = 0;                  // NotFound
  virtual Status remove(const std::string& space, const std::string& key) = 0;  // absent: fine
  // Those whose keys come after `after`, by the bytes of their keys.
  virtual Result<std::vector<KeptRecord>> list(const std::string& space, const std::string& after,
                                               std::size_t limit) = 0;
  virtual Status clear() = 0;  // every space (reset)
};

// All there are.
Result<std::vector<KeptRecord>> list_all(RecordStore& store, const std::string& space);

}  // namespace clary::domain
