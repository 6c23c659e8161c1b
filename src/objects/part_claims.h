// PartClaims: who writes where in the files of uploads. No two writers have one part's place, and
// nobody has any while a completion makes the file an object's body.
//
// In memory alone: a crash leaves no writer behind. Thread-safe; outlives its claims.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "objects/object_store.h"

namespace clary::objects {

class PartClaims {
 public:
  // Held until it is released or destroyed. One thread at a time.
  class Claim {
   public:
    Claim(PartClaims& claims, UploadId upload, int number)
        : claims_(&claims), upload_(std::move(upload)), number_(number) {}
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() { release(); }
    void release();
    // As long as the process lives: where nobody knows whether what was written counts.
    void keep() { claims_ = nullptr; }

   private:
    PartClaims* claims_;
    const UploadId upload_;
    const int number_;
  };

  // The place of one part. Nothing: somebody else has it, or all.
  std::shared_ptr<Claim> claim_part(const UploadId& upload, int number);
  // All of the upload. Nothing: somebody has a part of it, or all.
  std::shared_ptr<Claim> claim_all(const UploadId& upload);

 private:
  static constexpr int kAll = 0;  // numbers of parts begin with 1

  Mutex mutex_;
  std::map<UploadId, std::set<int>> held_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects
