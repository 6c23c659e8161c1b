// What every ObjectStore must do, as suites. A test file names its store once:
//
//   CLARY_OBJECT_STORE_CONFORMANCE(Memory, (StoreCase{"memory", make_memory_target}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "objects/object_store.h"

namespace clary::objects {

// A store that is empty at first, with whatever it needs to live.
class ConformanceTarget {
 public:
  virtual ~ConformanceTarget() = default;
  virtual ObjectStore& store() = 0;
  // Where the store cannot be told: whoever decides it is.
  virtual Status set_versioning(const BucketName& bucket, Versioning versioning) {
    return store().set_versioning(bucket, versioning);
  }
  virtual std::size_t longest_key() const { return kMaxKeyBytes; }
};

struct StoreCase {
  std::string name;
  std::function<std::unique_ptr<ConformanceTarget>()> make;
};
inline std::ostream& operator<<(std::ostream& out, const StoreCase& store) {
  return out << store.name;
}

class ObjectStoreConformance : public testing::TestWithParam<StoreCase> {
 protected:
  ObjectStoreConformance();
  ~ObjectStoreConformance() override;

  static inline const BucketName kBucket{"bucket"};

  ObjectStore& store() { return target_->store(); }
  ConformanceTarget& target() { return *target_; }
  void make_bucket(const std::string& name = "bucket");
  Result<ObjectHead> put(const std::string& key, std::string_view bytes, PutRequest request = {});
  std::string read(const std::string& key, std::optional<RangeRequest> range = std::nullopt);
  // Keys and common prefixes of a page, joined by spaces: "a b/ c".
  std::string names(const ListRequest& request);
  ListRequest listing(std::string prefix = "", std::string delimiter = "");

  UploadId begin(const std::string& key, std::optional<DigestKind> kind = std::nullopt,
                 bool composite = true);
  CompletedPart put_part(const std::string& key, const UploadId& upload, int number,
                         std::string_view bytes);
  Result<ObjectHead> complete(const std::string& key, const UploadId& upload,
                              std::vector<CompletedPart> parts);

 private:
  std::unique_ptr<ConformanceTarget> target_;
};

// Pages, prefixes and the counter of changes. of() returns what it is given: a call to it makes the
// linker take the suite's cases out of their library.
class ObjectListingConformance : public ObjectStoreConformance {
 public:
  static StoreCase of(StoreCase store);
};

// Uploads in parts.
class ObjectUploadConformance : public ObjectStoreConformance {
 public:
  static StoreCase of(StoreCase store);
};

// One object's bytes as another's.
class ObjectCopyConformance : public ObjectStoreConformance {
 public:
  static StoreCase of(StoreCase store);

 protected:
  // Of the object under `from` as it is now. to: as it is wanted, but for its bucket and key.
  Result<ObjectHead> copy(const std::string& from, const std::string& key, PutRequest to = {});
};

// Versions, delete markers, batches of removals and tags.
class ObjectVersionConformance : public ObjectStoreConformance {
 public:
  static StoreCase of(StoreCase store);

 protected:
  // Of a bucket "bucket" that keeps versions.
  void make_versioned_bucket();
  std::string put_version(const std::string& key, std::string_view bytes);  // its id
  Result<Removed> remove_version(const std::string& key, const std::string& version = "");
  std::string read_version(const std::string& key, const std::string& version);
  // "a:2 a:1 b:x", newest first; "x" is a delete marker, else the bytes; "*" behind what is latest.
  std::string history(ListRequest request);
};

// Every suite for one store.
#define CLARY_OBJECT_STORE_CONFORMANCE(name, store_case)                               \
  INSTANTIATE_TEST_SUITE_P(name, ObjectStoreConformance, testing::Values(store_case)); \
  INSTANTIATE_TEST_SUITE_P(name, ObjectListingConformance,                             \
                           testing::Values(ObjectListingConformance::of(store_case))); \
  INSTANTIATE_TEST_SUITE_P(name, ObjectCopyConformance,                                \
                           testing::Values(ObjectCopyConformance::of(store_case)));    \
  INSTANTIATE_TEST_SUITE_P(name, ObjectVersionConformance,                             \
                           testing::Values(ObjectVersionConformance::of(store_case))); \
  INSTANTIATE_TEST_SUITE_P(name, ObjectUploadConformance,                              \
                           testing::Values(ObjectUploadConformance::of(store_case)))

// The whole of a body, or the error that ended it.
Result<std::string> drain(net::ByteSource& source);
// `size` bytes without a short period.
std::string sample_bytes(std::size_t size, unsigned seed = 1);

}  // namespace clary::objects
