#include "objects/part_claims.h"

#include <gtest/gtest.h>

namespace clary::objects {
namespace {

const UploadId kUpload("one");

TEST(PartClaims, APartIsOnesUntilItIsReleased) {
  PartClaims claims;
  auto first = claims.claim_part(kUpload, 1);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(claims.claim_part(kUpload, 1), nullptr);
  EXPECT_NE(claims.claim_part(kUpload, 2), nullptr);
  EXPECT_NE(claims.claim_part(UploadId("other"), 1), nullptr);
  first->release();
  EXPECT_NE(claims.claim_part(kUpload, 1), nullptr) << "released, and not a second time";
  first.reset();
}

TEST(PartClaims, AllIsForOneAlone) {
  PartClaims claims;
  auto part = claims.claim_part(kUpload, 1);
  EXPECT_EQ(claims.claim_all(kUpload), nullptr);
  part.reset();
  auto all = claims.claim_all(kUpload);
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(claims.claim_part(kUpload, 1), nullptr);
  EXPECT_EQ(claims.claim_all(kUpload), nullptr);
  all.reset();
  EXPECT_NE(claims.claim_part(kUpload, 1), nullptr);
}

TEST(PartClaims, WhatIsKeptIsNeverReleased) {
  PartClaims claims;
  claims.claim_part(kUpload, 1)->keep();
  EXPECT_EQ(claims.claim_part(kUpload, 1), nullptr);
  EXPECT_EQ(claims.claim_all(kUpload), nullptr);
}

}  // namespace
}  // namespace clary::objects
