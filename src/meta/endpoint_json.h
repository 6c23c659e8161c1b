// Models, endpoint configurations and endpoints as the JSON of their rows: docs/formats/meta.md.
// Any thread; no state.
//
// A member that is absent reads as its default, as a row of an older release has it; a word that is
// not known is Internal.
#pragma once

#include "base/document.h"
#include "base/result.h"
#include "domain/endpoint.h"

namespace clary::meta {

Document model_document(const domain::Model& model);
Result<domain::Model> read_model(const Document& document);

Document config_document(const domain::EndpointConfig& config);
Result<domain::EndpointConfig> read_config(const Document& document);

// Its version is a column of its own.
Document endpoint_document(const domain::Endpoint& endpoint);
Result<domain::Endpoint> read_endpoint(const Document& document);

// Of serving jobs.
Document container_document(const domain::ModelContainer& container);
Result<domain::ModelContainer> read_container(const Document& document);
Document serverless_document(const domain::Serverless& serverless);
domain::Serverless read_serverless(const Document& document);
Document place_document(const domain::ServingPlace& place);
domain::ServingPlace read_place(const Document& document);

}  // namespace clary::meta
