// BucketRecords: what is known of the buckets of a SharedBucketStore, as objects beside theirs.
// Format: docs/formats/objects.md, "Objects in a remote bucket".
//
// Nothing is kept in memory; the caller orders its calls. Thread-safe as the store below is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "objects/bucket_settings.h"
#include "objects/object_store.h"

namespace clary::objects {

struct BucketRecord {
  Bucket bucket;
  std::map<SettingKind, std::string> settings;
};

class BucketRecords {
 public:
  // prefix: "" or ends in '/'. store outlives this.
  BucketRecords(ObjectStore& store, BucketName bucket, std::string prefix)
      : store_(store), bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

  // Takes the place for `owner`, or finds that it has it already. AlreadyExists: another has it.
  Status claim(const std::string& owner);
  Result<std::vector<BucketRecord>> load();
  // Durable when it returns.
  Status write(const BucketRecord& record);
  Status remove(const BucketName& name);

 private:
  ObjectKey claim_key() const { return ObjectKey(prefix_ + ".clary/server"); }
  ObjectKey key_of(const BucketName& name) const {
    return ObjectKey(prefix_ + ".clary/buckets/" + *name);
  }
  Result<std::string> read(const ObjectKey& key);
  Status put(const ObjectKey& key, const std::string& text, PutCondition condition);

  ObjectStore& store_;
  BucketName bucket_;
  std::string prefix_;
};

}  // namespace clary::objects
