// DataAccess: whether a job may read what the server itself shows it, asked as the job's host would
// ask S3.
//
// Implementations: services::JobDataAccess, FakeDataAccess. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/names.h"
#include "base/result.h"
#include "domain/key_store.h"
#include "objects/object_store.h"

namespace clary::runtime {

// Who reads.
struct DataReader {
  domain::AccessKey identity;  // its principal and policies; no secret is needed
  Region region;               // that its calls would name
};

// Of the keys under a prefix.
enum class Reading {
  kEvery,     // each may be read
  kAskByKey,  // the policies tell keys apart
};

class DataAccess {
 public:
  virtual ~DataAccess() = default;
  // s3:ListBucket of the prefix and s3:GetObject below it. Denied, naming the object and with AWS's
  // reason: it may not be listed, or no key of it may be read.
  virtual Result<Reading> reading(const DataReader& reader, const objects::ObjectUri& prefix) = 0;
  // s3:GetObject of each key. Denied: the first that may not be read.
  virtual Status may_read(const DataReader& reader, const BucketName& bucket,
                          const std::vector<ObjectKey>& keys) = 0;
};

}  // namespace clary::runtime
