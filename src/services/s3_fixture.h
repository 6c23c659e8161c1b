// S3's operations on a MemoryStore, called as the router calls them.
#pragma once

#include <gtest/gtest.h>

#include "base/text_encoding.h"
#include "objects/memory_store.h"
#include "objects/object_store_conformance.h"
#include "services/s3_buckets.h"
#include "services/s3_copies.h"
#include "services/s3_lists.h"
#include "services/s3_object_tags.h"
#include "services/s3_objects.h"
#include "services/s3_rules.h"
#include "services/s3_uploads.h"
#include "services/s3_versioning.h"

namespace clary::services {

class S3Test : public testing::Test {
 protected:
  S3Test() {
    context_.account = AccountId("000000000000");
    context_.region = Region("us-east-1");
    context_.now = clock_.now();
    EXPECT_TRUE(buckets_.create({.bucket = "my-bucket"}, context_).ok());
  }

  template <typename Reply>
  static Outcome<Reply> send(Outcome<std::unique_ptr<BodySink<Reply>>> sink, std::string_view bytes,
                             const net::Headers& trailers = {}) {
    if (!sink.ok()) return sink.error();
    EXPECT_TRUE((*sink)->write(bytes).ok());
    return (*sink)->finish(trailers);
  }
  Outcome<api::PutObject::Reply> put(const std::string& key, std::string_view bytes,
                                     api::PutObject::Request request = {},
                                     const BodyFacts& facts = {},
                                     const net::Headers& trailers = {}) {
    if (request.bucket.empty()) request.bucket = "my-bucket";
    request.key = key;
    return send(objects_.put(request, facts, context_), bytes, trailers);
  }
  Outcome<WithBody<api::GetObject::Reply>> get(const std::string& key,
                                               api::GetObject::Request request = {}) {
    if (request.bucket.empty()) request.bucket = "my-bucket";
    request.key = key;
    return objects_.get(request, context_);
  }
  std::string read(const std::string& key, api::GetObject::Request request = {}) {
    auto reply = get(key, std::move(request));
    return reply.ok() ? *objects::drain(*reply->body) : reply.error().code;
  }
  Outcome<api::ListObjectsV2::Reply> list(api::ListObjectsV2::Request request) {
    request.bucket = "my-bucket";
    return lists_.list(request, context_);
  }
  Outcome<api::UploadPart::Reply> put_part(const std::string& upload, int number,
                                           std::string_view bytes,
                                           api::UploadPart::Request request = {}) {
    request.bucket = "my-bucket";
    request.key = "k";
    request.upload_id = upload;
    request.part_number = number;
    return send(uploads_.put_part(request, {}, context_), bytes);
  }
  std::string begin(api::CreateMultipartUpload::Request request = {}) {
    request.bucket = "my-bucket";
    request.key = "k";
    auto reply = uploads_.create(request, context_);
    return reply.ok() ? *reply->upload_id : reply.error().code;
  }
  Outcome<api::CompleteMultipartUpload::Reply> complete(
      const std::string& upload, std::vector<std::pair<int, std::string>> parts,
      api::CompleteMultipartUpload::Request request = {}) {
    request.bucket = "my-bucket";
    request.key = "k";
    request.upload_id = upload;
    auto& list = request.multipart_upload.emplace().parts.emplace();
    for (auto& [number, etag] : parts) {
      api::s3::CompletedPart& part = list.emplace_back();
      part.part_number = number;
      part.etag = etag;
    }
    return uploads_.complete(request, context_);
  }

  ManualClock clock_;
  CountingIds ids_;
  objects::MemoryStore store_{clock_, ids_};
  S3Buckets buckets_{store_, store_};
  S3Objects objects_{store_};
  S3Lists lists_{store_};
  S3Copies copies_{store_};
  S3ObjectTags tags_{store_};
  S3Uploads uploads_{store_};
  S3Versioning versioning_{store_};
  CallContext context_;
};

inline std::string crc32_of(std::string_view bytes) {
  return base64_encode(digest(DigestKind::kCrc32, bytes));
}

}  // namespace clary::services
