// The stores under test, on a database that a test opens.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "domain/job_store_conformance.h"
#include "meta/stores.h"

namespace clary::meta {

class OpenedStores : public domain::StoresUnderTest {
 public:
  domain::JobStore& jobs() override { return *jobs_; }
  domain::KeyStore& keys() override { return *keys_; }
  domain::IdentityStore& identities() override { return *identities_; }
  domain::PolicyStore& policies() override { return *policies_; }
  domain::EndpointStore& endpoints() override { return *endpoints_; }
  domain::RecordStore& records() override { return *records_; }
  Database& database() { return *database_; }

  void reopen() override {
    close();
    Result<std::unique_ptr<Database>> opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    database_ = std::move(opened).value();
    jobs_ = make_job_store(*database_);
    keys_ = make_key_store(*database_);
    identities_ = make_identity_store(*database_);
    policies_ = make_policy_store(*database_);
    endpoints_ = make_endpoint_store(*database_);
    records_ = make_record_store(*database_);
  }
  void close() {
    jobs_.reset();
    keys_.reset();
    identities_.reset();
    policies_.reset();
    endpoints_.reset();
    records_.reset();
    database_.reset();
  }

 private:
  virtual Result<std::unique_ptr<Database>> open() = 0;

  std::unique_ptr<Database> database_;
  std::unique_ptr<domain::JobStore> jobs_;
  std::unique_ptr<domain::KeyStore> keys_;
  std::unique_ptr<domain::IdentityStore> identities_;
  std::unique_ptr<domain::PolicyStore> policies_;
  std::unique_ptr<domain::EndpointStore> endpoints_;
  std::unique_ptr<domain::RecordStore> records_;
};

}  // namespace clary::meta
