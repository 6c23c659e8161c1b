// RemoteS3Store against Clary itself: the client and the server of the same wire, over a real
// socket.
#include <gtest/gtest.h>

#include <array>

#include "base/temporary_folder.h"
#include "base/text_encoding.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_key_store.h"
#include "net/server.h"
#include "objects/memory_store.h"
#include "objects/object_store_conformance.h"
#include "objects/remote_s3_store.h"
#include "objects/shared_bucket_store.h"
#include "services/front.h"
#include "services/s3_buckets.h"
#include "services/s3_copies.h"
#include "services/s3_lists.h"
#include "services/s3_object_tags.h"
#include "services/s3_objects.h"
#include "services/s3_uploads.h"
#include "services/s3_versioning.h"

namespace clary::services {
namespace {

// The S3 services of a server on a port of its own.
class S3Server {
 public:
  S3Server() {
    buckets_.add_to(router_);
    objects_.add_to(router_);
    copies_.add_to(router_);
    lists_.add_to(router_);
    tags_.add_to(router_);
    uploads_.add_to(router_);
    versioning_.add_to(router_);
    EXPECT_TRUE(
        keys_
            .put(
                {.id = AccessKeyId("AKIDEXAMPLE"), .secret = Secret("secret"), .principal = "root"})
            .ok());
    address_ = server_.listen("127.0.0.1:0").value_or("");
  }
  std::string endpoint() const { return "http://" + address_; }
  const Clock& clock() const { return clock_; }

 private:
  SystemClock clock_;
  RandomIds ids_;
  Logger logger_;
  domain::FakeKeyStore keys_;
  domain::FakeIdentityStore identities_;
  objects::MemoryStore store_{clock_, ids_};
  S3Buckets buckets_{store_, store_};
  S3Objects objects_{store_};
  S3Copies copies_{store_};
  S3Lists lists_{store_};
  S3ObjectTags tags_{store_};
  S3Uploads uploads_{store_};
  S3Versioning versioning_{store_};
  Router router_;
  LocalRoutes local_routes_;
  Front front_{{.router = router_,
                .local_routes = local_routes_,
                .keys = keys_,
                .identities = identities_,
                .clock = clock_,
                .ids = ids_,
                .logger = logger_}};
  net::Server server_{front_, logger_};
  std::string address_;
};

Result<objects::S3Credentials> credentials() {
  return objects::S3Credentials{AccessKeyId("AKIDEXAMPLE"), Secret("secret"), Secret()};
}

class RemoteTarget final : public objects::ConformanceTarget {
 public:
  explicit RemoteTarget(objects::RemoteOptions options)
      : store_(std::move(objects::make_signing_transport(server_.endpoint(), Region("us-east-1"),
                                                         credentials, server_.clock()))
                   .value(),
               server_.clock(), options) {}
  objects::ObjectStore& store() override { return store_; }

 private:
  S3Server server_;
  objects::RemoteS3Store store_;
};

// What `clary serve --objects` is: buckets as folders of a bucket over there.
class SharedTarget final : public objects::ConformanceTarget {
 public:
  SharedTarget() : remote_({.spool = {.memory_bytes = 1000, .folder = bodies_.path()}}) {
    EXPECT_TRUE(remote_.store().create_bucket({kDepot, {}, Region("us-east-1")}).ok());
    store_ = std::move(objects::SharedBucketStore::open(remote_.store(),
                                                        {.bucket = kDepot,
                                                         .prefix = "team/",
                                                         .owner = "me",
                                                         .versioning_lasts = Duration(0)},
                                                        clock_))
                 .value();
  }
  objects::ObjectStore& store() override { return *store_; }
  Status set_versioning(const BucketName& bucket, objects::Versioning versioning) override {
    CLARY_TRY([[maybe_unused]] const objects::Bucket found, store_->find_bucket(bucket));
    return remote_.store().set_versioning(kDepot, versioning);
  }
  std::size_t longest_key() const override {
    return objects::kMaxKeyBytes - std::string_view("team/bucket/").size();
  }

 private:
  static inline const BucketName kDepot{"depot"};
  TemporaryFolder bodies_;
  SystemClock clock_;
  RemoteTarget remote_;
  std::unique_ptr<objects::SharedBucketStore> store_;
};

}  // namespace
}  // namespace clary::services

namespace clary::objects {
namespace {

StoreCase remote() {
  return {"remote", [] { return std::make_unique<services::RemoteTarget>(RemoteOptions{}); }};
}
StoreCase small_ranges() {
  return {"small_ranges", [] {
            return std::make_unique<services::RemoteTarget>(RemoteOptions{.range_bytes = 20'000});
          }};
}

StoreCase shared() {
  return {"shared", [] { return std::make_unique<services::SharedTarget>(); }};
}

CLARY_OBJECT_STORE_CONFORMANCE(Remote, remote());
CLARY_OBJECT_STORE_CONFORMANCE(Shared, shared());
CLARY_OBJECT_STORE_CONFORMANCE(SmallRanges, small_ranges());

}  // namespace
}  // namespace clary::objects

namespace clary::services {
namespace {

TEST(RemoteS3Store, ALongBodyLeavesInParts) {
  RemoteTarget target({.part_bytes = objects::kMinPartBytes});
  const BucketName bucket("bucket");
  ASSERT_TRUE(target.store().create_bucket({bucket, {}, Region("us-east-1")}).ok());
  const std::string bytes = objects::sample_bytes(2 * objects::kMinPartBytes + 17);
  objects::PutRequest request{
      .bucket = bucket, .key = ObjectKey("k"), .compute_checksum = DigestKind::kCrc32};
  request.metadata.user["made"] = "in parts";
  auto writer = std::move(target.store().put(request)).value();
  for (std::size_t at = 0; at < bytes.size(); at += 100'000) {
    ASSERT_TRUE(writer->write(std::string_view(bytes).substr(at, 100'000)).ok());
  }
  const Result<objects::ObjectHead> head = writer->finish();
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_TRUE(head->etag.ends_with("-3"));
  const Result<objects::ObjectHead> stored = target.store().head(bucket, ObjectKey("k"));
  ASSERT_TRUE(stored.ok() && stored->checksum);
  EXPECT_EQ(stored->metadata.user.at("made"), "in parts");
  EXPECT_EQ(stored->checksum->value, base64_encode(digest(DigestKind::kCrc32, bytes)));
  auto body = std::move(target.store().get(bucket, ObjectKey("k"), std::nullopt)).value();
  EXPECT_EQ(*objects::drain(*body.bytes), bytes);
}

TEST(RemoteS3Store, AnObjectReplacedWhileItIsReadIsAConflict) {
  RemoteTarget target({.range_bytes = 10});
  const BucketName bucket("bucket");
  ASSERT_TRUE(target.store().create_bucket({bucket, {}, Region("us-east-1")}).ok());
  const auto put = [&](std::string_view bytes) {
    auto writer = std::move(target.store().put({.bucket = bucket, .key = ObjectKey("k")})).value();
    EXPECT_TRUE(writer->write(bytes).ok());
    EXPECT_TRUE(writer->finish().ok());
  };
  put("0123456789abcdefghij");
  auto body = std::move(target.store().get(bucket, ObjectKey("k"), std::nullopt)).value();
  std::array<char, 10> piece{};
  ASSERT_EQ(*body.bytes->read(piece), 10U);
  put("ABCDEFGHIJ0123456789");
  EXPECT_EQ(body.bytes->read(piece).error().code, ErrorCode::kConflict);
}

TEST(RemoteS3Store, WrongKeysAreDenied) {
  S3Server server;
  auto transport = objects::make_signing_transport(
      server.endpoint(), Region("us-east-1"),
      []() -> Result<objects::S3Credentials> {
        return objects::S3Credentials{AccessKeyId("AKIDEXAMPLE"), Secret("wrong"), Secret()};
      },
      server.clock());
  objects::RemoteS3Store store(std::move(transport).value(), server.clock());
  EXPECT_EQ(store.list_buckets().error().code, ErrorCode::kDenied);
}

}  // namespace
}  // namespace clary::services
