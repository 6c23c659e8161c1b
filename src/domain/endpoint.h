// Models, endpoint configurations and endpoints: what serves, by which rules, and where it stands.
// Pure records, no AWS words but the requests, which are kept as they came.
//
// An endpoint keeps copies of what it was made of: its configuration and models may be removed, as
// clients do, while it serves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/names.h"

namespace clary::domain {

// What a container's model data is.
enum class ModelDataForm {
  kNone,
  kArchive,  // one .tar.gz
  kObject,   // one object, as it is
  kObjects,  // every object below a prefix, as it is
};

struct ModelContainer {
  std::string hostname;  // ContainerHostname; "" when not given
  std::string image;
  ModelDataForm form = ModelDataForm::kNone;
  std::string model_uri;     // s3://...; of many models: the prefix they lie below
  bool many_models = false;  // Mode MultiModel
  std::vector<std::pair<std::string, std::string>> environment;
  friend bool operator==(const ModelContainer&, const ModelContainer&) = default;
};

struct Model {
  ModelName name;
  Arn arn;
  std::string request;  // JSON, as it was asked for
  std::string role;
  std::vector<ModelContainer> containers;  // more than one: a pipeline, unless `direct`
  bool direct = false;                     // each container is called by its own name
  bool network_isolation = false;
  std::vector<std::string> notices;  // what of the request has no effect here: told in logs
  TimePoint created;
  friend bool operator==(const Model&, const Model&) = default;
};

// Of a serverless variant: an instance while there are calls, and for some time after the last.
struct Serverless {
  int memory_mib = 2048;    // of each call that is worked on
  int max_concurrency = 1;  // calls under way at a time; more are refused
  int provisioned = 0;      // calls that never wait for a start: with any, the instance stays
  friend bool operator==(const Serverless&, const Serverless&) = default;
};

struct ProductionVariant {
  std::string name;
  std::string model;
  int instances = 1;
  std::string instance_type;  // "" for a serverless one
  double weight = 1;
  std::optional<Serverless> serverless;
  std::string accelerator_type;
  std::int64_t startup_seconds = 1800;  // until the first answer to a health check
  friend bool operator==(const ProductionVariant&, const ProductionVariant&) = default;
};

struct DataCapture {
  bool enabled = false;
  int percentage = 100;
  std::string uri;  // s3://bucket/prefix
  bool input = false;
  bool output = false;
  std::vector<std::string> csv_types;   // content types written as CSV text
  std::vector<std::string> json_types;  // as JSON text; every other in base64
  friend bool operator==(const DataCapture&, const DataCapture&) = default;
};

struct AsyncInference {
  std::string output_uri;
  std::string failure_uri;  // "": nowhere
  int max_concurrent = 4;   // of one instance
  friend bool operator==(const AsyncInference&, const AsyncInference&) = default;
};

struct EndpointConfig {
  EndpointConfigName name;
  Arn arn;
  std::string request;  // JSON, as it was asked for
  std::vector<ProductionVariant> variants;
  std::vector<ProductionVariant> shadows;
  std::optional<DataCapture> capture;
  std::optional<AsyncInference> async;
  std::vector<std::string> notices;  // as Model's
  TimePoint created;
  friend bool operator==(const EndpointConfig&, const EndpointConfig&) = default;
};

// A variant with everything its instances need.
struct EndpointVariant {
  ProductionVariant asked;
  bool shadow = false;
  std::string role;
  std::vector<ModelContainer> containers;
  bool direct = false;
  bool network_isolation = false;
  int instances = 1;  // wanted now: UpdateEndpointWeightsAndCapacities and scaling change it
  double weight = 1;  // the same
  friend bool operator==(const EndpointVariant&, const EndpointVariant&) = default;
};

// What one configuration has made of an endpoint. Instances of different generations stand side by
// side while an endpoint is updated.
struct EndpointGeneration {
  std::uint64_t number = 0;  // 1, 2, ... within the endpoint
  EndpointConfigName config;
  std::vector<EndpointVariant> variants;
  std::optional<DataCapture> capture;
  std::optional<AsyncInference> async;
  std::vector<std::string> notices;  // of its configuration, its models and what asked for it
  TimePoint begun;
  friend bool operator==(const EndpointGeneration&, const EndpointGeneration&) = default;
};

// Creating → InService or Failed; InService → Updating → InService, by way of RollingBack when
// the new generation fails; any → Deleting → gone.
enum class EndpointStatus { kCreating, kInService, kUpdating, kRollingBack, kFailed, kDeleting };
std::string_view endpoint_status_name(EndpointStatus status);  // "Creating", ...
std::optional<EndpointStatus> endpoint_status_of(std::string_view name);
// Where a status stands when endpoints are sorted by it, from 1: by its name.
int status_rank(EndpointStatus status);

struct Endpoint {
  EndpointName name;
  std::string id;  // eight lower-case hex digits: tells it from earlier ones of the same name
  Arn arn;
  EndpointStatus status = EndpointStatus::kCreating;
  std::string failure_reason;
  std::optional<EndpointGeneration> serving;  // nothing before the first is in service
  std::optional<EndpointGeneration> next;     // on its way
  TimePoint created;
  TimePoint modified;
  std::uint64_t version = 0;  // of the row: optimistic concurrency
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// The variant of what serves, be it a shadow; null: there is none of the name.
EndpointVariant* serving_variant(Endpoint& endpoint, std::string_view name);
// Numbers of instances or weights of what serves were changed: it is brought there.
// Precondition: in service.
void begin_scaling(Endpoint& endpoint);

// Which part of which endpoint a serving job is: one container of one instance.
struct ServingPlace {
  EndpointName endpoint;
  std::string endpoint_id;
  std::uint64_t generation = 0;
  std::string variant;
  int instance = 0;           // 1, 2, ...: never used again within a generation's variant
  std::size_t container = 0;  // place in EndpointVariant::containers
  friend bool operator==(const ServingPlace&, const ServingPlace&) = default;
};

}  // namespace clary::domain
