// The stores of jobs, keys, identities, policies, endpoints and records, on a metadata database.
#pragma once

#include <memory>

#include "domain/endpoint_store.h"
#include "domain/identity_store.h"
#include "domain/job_store.h"
#include "domain/key_store.h"
#include "domain/policy_store.h"
#include "domain/record_store.h"
#include "meta/database.h"

namespace clary::meta {

// `database` outlives what is made. Thread-safe, as the interfaces ask.
std::unique_ptr<domain::JobStore> make_job_store(Database& database);
std::unique_ptr<domain::KeyStore> make_key_store(Database& database);
std::unique_ptr<domain::IdentityStore> make_identity_store(Database& database);
std::unique_ptr<domain::PolicyStore> make_policy_store(Database& database);
std::unique_ptr<domain::EndpointStore> make_endpoint_store(Database& database);
std::unique_ptr<domain::RecordStore> make_record_store(Database& database);

}  // namespace clary::meta
