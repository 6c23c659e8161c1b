#include "wire/rest_json.h"

#include <gtest/gtest.h>

#include "api/endpoint_invocations.h"
#include "api/sagemaker_runtime_service.h"
#include "base/json.h"
#include "wire/error_body.h"
#include "wire/validator.h"

namespace clary::wire {
namespace {

net::RequestHead head_of_path(std::string path, std::string method = "POST") {
  net::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(path);
  return head;
}

std::string_view operation_at(std::string path, std::string method = "POST") {
  const Operation* found = find_rest_json_operation(
      api::sagemaker_runtime_service(), head_of_path(std::move(path), std::move(method)));
  return found == nullptr ? "" : found->name;
}

TEST(RestJson, AnOperationIsFoundByMethodAndPath) {
  EXPECT_EQ(operation_at("/endpoints/e/invocations"), "InvokeEndpoint");
  EXPECT_EQ(operation_at("/endpoints/e/invocations?x=y"), "InvokeEndpoint");
  EXPECT_EQ(operation_at("/endpoints/e/async-invocations"), "InvokeEndpointAsync");
  EXPECT_EQ(operation_at("/endpoints/e/invocations-response-stream"),
            "InvokeEndpointWithResponseStream");
  EXPECT_EQ(operation_at("/endpoints/e/invocations", "GET"), "");
  EXPECT_EQ(operation_at("/endpoints//invocations"), "");
  EXPECT_EQ(operation_at("/endpoints/e/invocations/more"), "");
  EXPECT_EQ(operation_at("/endpoints/e"), "");
  EXPECT_EQ(operation_at("/"), "");
}

TEST(RestJson, LabelsAndHeaderFieldsAreMembersAndTheBytesAreNot) {
  net::RequestHead head = head_of_path("/endpoints/my%2De/invocations");
  head.headers.add("content-type", "text/csv");
  head.headers.add("Accept", "application/json");
  head.headers.add("X-Amzn-SageMaker-Target-Model", "a.tar.gz");
  head.headers.add("x-amzn-sagemaker-custom-attributes", "k=v");
  const Document document =
      read_rest_json_request(api::InvokeEndpoint::operation(), head, "{not JSON").value();
  api::InvokeEndpoint::Request request;
  decode(document, request);
  EXPECT_EQ(request.endpoint_name, "my-e");
  EXPECT_EQ(request.content_type, "text/csv");
  EXPECT_EQ(request.accept, "application/json");
  EXPECT_EQ(request.target_model, "a.tar.gz");
  EXPECT_EQ(request.custom_attributes, "k=v");
  EXPECT_FALSE(request.target_variant || request.session_id);
  EXPECT_EQ(document.find("Body"), nullptr);
  const Validator validator;
  EXPECT_EQ(validator.check(api::InvokeEndpoint::operation(), document).message(), "");
  EXPECT_FALSE(read_rest_json_request(api::InvokeEndpoint::operation(),
                                      head_of_path("/endpoints/%zz/invocations"), "")
                   .ok());
}

TEST(RestJson, EveryPatternOfTheRuntimeIsOneThatCanBeMatched) {
  net::RequestHead head = head_of_path("/endpoints/e/invocations");
  head.headers.add("Content-Type", "text/plain\xC3\xA9");
  head.headers.add("X-Amzn-SageMaker-Target-Model", " a");
  const Document document =
      read_rest_json_request(api::InvokeEndpoint::operation(), head, "").value();
  const std::string message =
      Validator().check(api::InvokeEndpoint::operation(), document).message();
  EXPECT_TRUE(message.starts_with("2 validation errors detected: ")) << message;
}

TEST(RestJson, AReplyIsHeaderFieldsAndNoBodyWhereItIsBytes) {
  api::InvokeEndpoint::Reply reply;
  reply.content_type = "application/json";
  reply.invoked_production_variant = "AllTraffic";
  reply.custom_attributes = "a\r\nb";
  const net::Reply http = write_rest_json_reply(api::InvokeEndpoint::operation(), encode(reply), 0);
  EXPECT_EQ(http.status, 200);
  EXPECT_EQ(http.body, "");
  EXPECT_EQ(http.headers.get("content-type"), "application/json");
  EXPECT_EQ(http.headers.get("x-amzn-invoked-production-variant"), "AllTraffic");
  EXPECT_EQ(http.headers.get("x-amzn-sagemaker-custom-attributes"), "a  b");
  EXPECT_EQ(http.headers.find("x-amzn-sagemaker-new-session-id"), nullptr);
}

TEST(RestJson, AnErrorIsAFieldAndItsMembers) {
  const net::Reply reply = write_error(
      api::sagemaker_runtime_service(), Protocol::kRestJson,
      {"ModelError", "no", 424, "", "id-1", Document::object({{"OriginalStatusCode", 500}})});
  EXPECT_EQ(reply.status, 424);
  EXPECT_EQ(reply.headers.get("x-amzn-errortype"), "ModelError");
  EXPECT_EQ(reply.headers.get("x-amzn-requestid"), "id-1");
  EXPECT_EQ(reply.body, R"({"Message":"no","OriginalStatusCode":500})");
}

// A service of the same protocol whose messages have JSON bodies.
constexpr Shape kText = {.name = "Text", .kind = Kind::kString};
constexpr Member kMembers[] = {
    {.name = "Name", .wire_name = "name", .shape = &kText, .location = Location::kUri},
    {.name = "Page", .wire_name = "page", .shape = &kText, .location = Location::kQuery},
    {.name = "Colour", .wire_name = "Colour", .shape = &kText}};
constexpr Shape kBox = {.name = "Box", .members = kMembers};
constexpr Operation kPutBox = {.name = "PutBox",
                               .carried_out = true,
                               .input = &kBox,
                               .output = &kBox,
                               .method = "PUT",
                               .uri = "/boxes/{name}",
                               .status = 201};

TEST(RestJson, WhatStandsNowhereElseIsTheJsonOfTheBody) {
  const auto read = [](std::string_view body) {
    return read_rest_json_request(kPutBox, head_of_path("/boxes/b?page=2", "PUT"), body);
  };
  EXPECT_EQ(read(R"({"Colour": "red"})").value(),
            Document::object({{"Colour", "red"}, {"Name", "b"}, {"Page", "2"}}));
  EXPECT_EQ(read("").value(), Document::object({{"Name", "b"}, {"Page", "2"}}));
  EXPECT_FALSE(read("[1]").ok());
  EXPECT_FALSE(read("{").ok());
  const net::Reply reply =
      write_rest_json_reply(kPutBox, Document::object({{"Name", "b"}, {"Colour", "red"}}), 0);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, R"({"Colour":"red"})");
  EXPECT_EQ(reply.headers.get("content-type"), "application/json");
}

}  // namespace
}  // namespace clary::wire
