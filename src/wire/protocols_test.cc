#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "api/metrics.h"
#include "api/object_lists.h"
#include "api/objects.h"
#include "api/s3_service.h"
#include "api/uploads.h"
#include "base/json.h"
#include "wire/error_body.h"
#include "wire/query.h"
#include "wire/rest_xml.h"
#include "wire/xml.h"

namespace clary::wire {
namespace {

net::RequestHead head_of(std::string method, std::string target) {
  net::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  return head;
}

std::string_view name_of(std::string method, std::string target) {
  const Operation* operation =
      find_rest_operation(api::s3_service(), head_of(std::move(method), std::move(target)));
  return operation == nullptr ? "" : operation->name;
}

TEST(RestXml, TellsOperationsApart) {
  EXPECT_EQ(name_of("GET", "/"), "ListBuckets");
  EXPECT_EQ(name_of("PUT", "/b"), "CreateBucket");
  EXPECT_EQ(name_of("PUT", "/b/"), "CreateBucket");
  EXPECT_EQ(name_of("HEAD", "/b"), "HeadBucket");
  EXPECT_EQ(name_of("GET", "/b?location"), "GetBucketLocation");
  EXPECT_EQ(name_of("GET", "/b?list-type=2&prefix=a"), "ListObjectsV2");
  EXPECT_EQ(name_of("GET", "/b?prefix=a"), "ListObjects");
  EXPECT_EQ(name_of("GET", "/b?versioning="), "GetBucketVersioning");
  EXPECT_EQ(name_of("GET", "/b/k/with/slashes"), "GetObject");
  EXPECT_EQ(name_of("PUT", "/b/k"), "PutObject");
  EXPECT_EQ(name_of("PUT", "/b/k?partNumber=1&uploadId=u"), "UploadPart");
  EXPECT_EQ(name_of("PUT", "/b/k?acl"), "PutObjectAcl");
  EXPECT_EQ(name_of("POST", "/b/k?uploads"), "CreateMultipartUpload");
  EXPECT_EQ(name_of("POST", "/b/k?uploadId=u"), "CompleteMultipartUpload");
  EXPECT_EQ(name_of("DELETE", "/b/k?uploadId=u"), "AbortMultipartUpload");
  EXPECT_EQ(name_of("DELETE", "/b/k"), "DeleteObject");
  EXPECT_EQ(name_of("POST", "/b?delete"), "DeleteObjects");
  EXPECT_EQ(name_of("PATCH", "/b/k"), "");
  net::RequestHead copy = head_of("PUT", "/b/k");
  copy.headers.add("X-Amz-Copy-Source", "b/other");
  EXPECT_EQ(find_rest_operation(api::s3_service(), copy)->name, "CopyObject");
}

TEST(RestXml, ReadsEveryPlaceOfARequest) {
  net::RequestHead head = head_of("PUT", "/my-bucket/a%20b/%C3%A9%2B+?x-id=PutObject");
  head.headers.add("Content-Type", "text/plain");
  head.headers.add("X-Amz-Meta-Colour", "blue");
  head.headers.add("x-amz-checksum-crc32", "NhCmhg==");
  head.headers.add("Expires", "Mon, 01 Jan 2024 00:00:00 GMT");
  head.headers.add("Content-Length", "5");
  const Document document = read_rest_request(api::PutObject::operation(), head, "").value();
  api::PutObject::Request request;
  decode(document, request);
  EXPECT_EQ(request.bucket, "my-bucket");
  EXPECT_EQ(request.key, "a b/\xC3\xA9++");
  EXPECT_EQ(request.content_type, "text/plain");
  EXPECT_EQ(request.metadata->at(0), (std::pair<std::string, std::string>("colour", "blue")));
  EXPECT_EQ(request.content_length, 5);
  EXPECT_EQ(request.expires, TimePoint(std::chrono::seconds(1704067200)));
}

TEST(RestXml, ReadsAnXmlBody) {
  const Document document =
      read_rest_request(
          api::CompleteMultipartUpload::operation(), head_of("POST", "/b/k?uploadId=u%2F1"),
          R"(<?xml version="1.0"?><CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
                           <Part><ETag>"a"</ETag><PartNumber>1</PartNumber></Part><Part><ETag>b&amp;c</ETag><PartNumber>2</PartNumber></Part>
                           </CompleteMultipartUpload>)")
          .value();
  api::CompleteMultipartUpload::Request request;
  decode(document, request);
  EXPECT_EQ(request.upload_id, "u/1");
  ASSERT_EQ(request.multipart_upload->parts->size(), 2U);
  EXPECT_EQ(request.multipart_upload->parts->at(1).etag, "b&c");
  EXPECT_EQ(request.multipart_upload->parts->at(1).part_number, 2);
  EXPECT_FALSE(read_rest_request(api::CompleteMultipartUpload::operation(),
                                 head_of("POST", "/b/k?uploadId=u"), "<a><b></a>")
                   .ok());
}

TEST(RestXml, TheRootElementOfABodyIsTheOperations) {
  const auto read = [](std::string body) {
    net::RequestHead head;
    head.method = "PUT";
    head.target = "/b?publicAccessBlock";
    const Operation& operation = *api::s3_service().find("PutPublicAccessBlock");
    const auto request = read_rest_request(operation, head, body);
    return request.ok() ? "" : request.error().message;
  };
  EXPECT_EQ(read("<PublicAccessBlockConfiguration xmlns=\"x\"/>"), "");
  EXPECT_EQ(read("<p:PublicAccessBlockConfiguration xmlns:p=\"x\"/>"), "");
  EXPECT_EQ(read("<Tagging/>"),
            "the root element is <Tagging>, not <PublicAccessBlockConfiguration>");
}

TEST(RestXml, WritesHeadersAndBody) {
  api::ListObjectsV2::Reply reply;
  reply.name = "b";
  reply.is_truncated = false;
  reply.contents = {{.key = "a<b>&\x01",
                     .last_modified = TimePoint(std::chrono::seconds(1704067200)),
                     .etag = "\"x\"",
                     .size = 3}};
  reply.common_prefixes = {{.prefix = "p/"}};
  const net::Reply http = write_rest_reply(api::ListObjectsV2::operation(), encode(reply), 0);
  EXPECT_EQ(http.status, 200);
  pugi::xml_document xml;
  ASSERT_TRUE(xml.load_string(http.body.c_str())) << http.body;
  const pugi::xml_node root = xml.child("ListBucketResult");
  EXPECT_STREQ(root.child("Contents").child("Key").text().get(), "a<b>&\xEF\xBF\xBD");
  EXPECT_STREQ(root.child("Contents").child("LastModified").text().get(),
               "2024-01-01T00:00:00.000Z");
  EXPECT_STREQ(root.child("CommonPrefixes").child("Prefix").text().get(), "p/");
  EXPECT_STREQ(root.child("IsTruncated").text().get(), "false");
}

TEST(RestXml, LengthOfAHeadIsAnnounced) {
  api::HeadObject::Reply reply;
  reply.content_length = 7;
  reply.etag = "\"e\r\n\"";
  const net::Reply http = write_rest_reply(api::HeadObject::operation(), encode(reply), 0);
  EXPECT_EQ(http.announced_length, 7U);
  EXPECT_EQ(http.headers.find("Content-Length"), nullptr);
  EXPECT_EQ(http.headers.get("etag"), "\"e  \"");
}

TEST(Query, ReadsListsAndStructures) {
  const Form form = read_form(
                        "Action=GetMetricStatistics&Version=2010-08-01&Namespace=%2Faws%2Fx&"
                        "MetricName=a+b&Period=60"
                        "&StartTime=2024-01-01T00%3A00%3A00Z&EndTime=2024-01-01T01%3A00%3A00Z&"
                        "Statistics.member.1=Average"
                        "&Dimensions.member.1.Name=Host&Dimensions.member.1.Value=h&Surprise=1")
                        .value();
  const Document document = read_query(api::GetMetricStatistics::operation(), form);
  EXPECT_EQ(document.string_or("Surprise", ""), "1");
  api::GetMetricStatistics::Request request;
  decode(document, request);
  EXPECT_EQ(request.metric_name, "a b");
  EXPECT_EQ(request.period, 60);
  EXPECT_EQ(request.start_time, TimePoint(std::chrono::seconds(1704067200)));
  EXPECT_EQ(request.statistics->at(0), "Average");
  EXPECT_EQ(request.dimensions->at(0).name, "Host");
  EXPECT_FALSE(read_form("a=%zz").ok());
  const Form query = read_query_form("Action=Get%41&X-Amz-Signature=ab&Version=1").value();
  EXPECT_EQ(query, (Form{{"Action", "GetA"}, {"Version", "1"}}));
}

TEST(Errors, EachProtocolsForm) {
  const Service& s3 = api::s3_service();
  const ErrorText error{"NoSuchKey", "no \x02<key>", 404, "/b/k", "id-1"};
  const net::Reply xml = write_error(s3, Protocol::kRestXml, error);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(xml.body.c_str())) << xml.body;
  EXPECT_STREQ(document.child("Error").child("Code").text().get(), "NoSuchKey");
  EXPECT_EQ(xml.headers.get("x-amz-request-id"), "id-1");

  const Service& cloudwatch = *api::GetMetricStatistics::operation().service;
  const net::Reply json =
      write_error(cloudwatch, Protocol::kJson, {"ValidationError", "no", 400, "", "id-2"});
  EXPECT_EQ(json.headers.get("x-amzn-query-error"), "ValidationError;Sender");
  EXPECT_EQ(json.headers.get("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(parse_json(json.body)->string_or("__type", ""), "ValidationError");

  const net::Reply query =
      write_error(cloudwatch, Protocol::kQuery, {"InvalidAction", "no", 400, "", "id-3"});
  ASSERT_TRUE(document.load_string(query.body.c_str()));
  EXPECT_STREQ(document.child("ErrorResponse").child("Error").child("Code").text().get(),
               "InvalidAction");
}

TEST(Xml, EscapesWhatXmlCannotCarry) {
  EXPECT_EQ(xml_escape("a\r\n\t<&>\"\x1F"), "a&#13;\n\t&lt;&amp;&gt;&quot;\xEF\xBF\xBD");
  EXPECT_EQ(xml_escape("\xEF\xBF\xBF!"), "\xEF\xBF\xBD!");
  EXPECT_EQ(xml_escape("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(xml_escape("a<\xC3\xA9&\x01\xC3\r\xEF\xBF\xBE"),
            "a&lt;\xC3\xA9&amp;\xEF\xBF\xBD\xEF\xBF\xBD&#13;\xEF\xBF\xBD");
}

}  // namespace
}  // namespace clary::wire
