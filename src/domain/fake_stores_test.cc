#include "domain/endpoint_store_conformance.h"
#include "domain/fake_endpoint_store.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_job_store.h"
#include "domain/fake_key_store.h"
#include "domain/fake_record_store.h"
#include "domain/job_store_conformance.h"
#include "domain/record_store_conformance.h"

namespace clary::domain {
namespace {

class FakeStores final : public StoresUnderTest {
 public:
  JobStore& jobs() override { return jobs_; }
  KeyStore& keys() override { return keys_; }
  IdentityStore& identities() override { return identities_; }
  PolicyStore& policies() override { return identities_; }
  EndpointStore& endpoints() override { return endpoints_; }
  RecordStore& records() override { return records_; }

 private:
  FakeJobStore jobs_;
  FakeKeyStore keys_;
  FakeIdentityStore identities_;
  FakeEndpointStore endpoints_;
  FakeRecordStore records_;
};

std::unique_ptr<StoresUnderTest> make_fakes() { return std::make_unique<FakeStores>(); }

INSTANTIATE_TEST_SUITE_P(Fake, JobStoreConformance, job_stores_of(&make_fakes));
INSTANTIATE_TEST_SUITE_P(Fake, KeyStoreConformance, key_stores_of(&make_fakes));
INSTANTIATE_TEST_SUITE_P(Fake, IdentityStoreConformance, identity_stores_of(&make_fakes));
INSTANTIATE_TEST_SUITE_P(Fake, EndpointStoreConformance, endpoint_stores_of(&make_fakes));
INSTANTIATE_TEST_SUITE_P(Fake, RecordStoreConformance, record_stores_of(&make_fakes));

TEST(FakeJobStore, FailsWhenToldTo) {
  FakeJobStore store;
  store.set_broken(true);
  EXPECT_EQ(store.take_record("s", 1).error().code, ErrorCode::kUnavailable);
  store.set_broken(false);
  EXPECT_TRUE(store.take_record("s", 1).ok());
}

TEST(FakeEndpointStore, FailsWhenToldTo) {
  FakeEndpointStore store;
  const Endpoint endpoint{.name = EndpointName("e")};
  ASSERT_TRUE(store.create_endpoint(endpoint).ok());
  store.set_broken(true);
  EXPECT_EQ(store.create_model({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.commit_endpoint(endpoint).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.remove_endpoint(endpoint.name).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.clear().error().code, ErrorCode::kUnavailable);
  store.set_broken(false);
  EXPECT_TRUE(store.clear().ok());
}

}  // namespace
}  // namespace clary::domain
