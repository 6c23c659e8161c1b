// An ObjectStore that is an S3 somewhere else: Clary itself, AWS, MinIO.
//
// Bodies are put aside before they leave, so that every request can be sent again; what is longer
// than part_bytes leaves as a multipart upload. Bodies arrive in ranges that are
// bound to one ETag: read() fails with Conflict when the object is replaced meanwhile. Thread-safe;
// writers and sources are used by one thread at a time. What S3 does not tell: the parts of an
// object (head().parts is empty; who reads one part hears how many there are), and the order of
// versions within a second.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "objects/object_store.h"
#include "objects/s3_messages.h"
#include "objects/s3_transport.h"

namespace clary::objects {

struct RemoteOptions {
  std::uint64_t part_bytes = 16ULL << 20;  // ≥ kMinPartBytes
  std::uint64_t range_bytes = 8ULL << 20;  // of which a reader holds one in memory
  SpoolOptions spool = {};                 // where a part waits to be sent
};

class RemoteS3Store final : public ObjectStore {
 public:
  // clock outlives the store. Usual: make_retrying_transport(make_signing_transport(endpoint, ...),
  // ...).
  RemoteS3Store(std::unique_ptr<S3Transport> transport, const Clock& clock,
                RemoteOptions options = {});

  Status create_bucket(const Bucket& bucket) override;
  Status remove_bucket(const BucketName& name) override;
  Result<Bucket> find_bucket(const BucketName& name) override;
  Result<std::vector<Bucket>> list_buckets() override;
  Status set_versioning(const BucketName& name, Versioning versioning) override;
  using ObjectStore::get;
  using ObjectStore::head;
  using ObjectStore::remove;
  Result<ObjectHead> head(const BucketName& bucket, const ObjectKey& key,
                          const std::string& version) override;
  Result<ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                         const ReadRequest& read) override;
  Result<std::unique_ptr<ObjectWriter>> put(PutRequest request) override;
  // By CopyObject over there.
  Result<ObjectHead> copy(const CopyRequest& request) override;
  Result<std::vector<Result<Removed>>> remove(const BucketName& bucket,
                                              const std::vector<Removal>& removals) override;
  Result<ListPage> list(const ListRequest& request) override;
  Result<ListPage> list_versions(const ListRequest& request) override;
  Result<ObjectHead> set_tags(const BucketName& bucket, const ObjectKey& key,
                              const std::string& version, const Tags& tags) override;
  Result<UploadId> begin_upload(MultipartRequest request) override;
  Result<std::unique_ptr<ObjectWriter>> put_part(PutRequest request, const UploadId& upload,
                                                 int number) override;
  Result<ObjectHead> complete_upload(CompleteRequest request) override;
  Status abort_upload(const BucketName& bucket, const ObjectKey& key,
                      const UploadId& upload) override;
  Result<PartPage> list_parts(const PartListRequest& request) override;
  Result<UploadPage> list_uploads(const ListRequest& request) override;
  // Unsupported: S3 does not count changes.
  Result<std::uint64_t> change_counter(const BucketName& bucket) override;

 private:
  class Writer;
  class PartWriter;
  class Source;

  // What a HEAD says; the range where a part was asked for.
  struct Described {
    ObjectHead head;
    std::optional<ByteRange> range;
  };

  // A 2xx reply, or the error it stands for: NotFound names what is absent. key "": of the bucket.
  Result<net::ClientReply> call(const S3Request& request, const BucketName& bucket,
                                const ObjectKey& key);
  // The fields that name a version; none for the current one.
  static QueryFields version_query(const std::string& version);
  // read.range is left to the caller.
  Result<Described> describe(const BucketName& bucket, const ObjectKey& key,
                             const ReadRequest& read);
  Result<Tags> get_tags(const BucketName& bucket, const ObjectKey& key, const std::string& version);
  Result<Removed> remove_one(const BucketName& bucket, const Removal& removal);
  // What a reply that is not 2xx means.
  Error failure(const net::ClientReply& reply, const BucketName& bucket, const ObjectKey& key,
                std::string_view method);
  Error absent(const BucketName& bucket, const ObjectKey& key);
  Result<ObjectHead> put_whole(const PutRequest& request, BodySpool& body,
                               const std::optional<Checksum>& checksum);
  // part: its number and checksum.
  Result<ObjectHead> send_part(const PutRequest& request, const UploadId& upload,
                               const CompletedPart& part, BodySpool& body);

  std::unique_ptr<S3Transport> transport_;
  const Clock& clock_;
  RemoteOptions options_;
};

struct RemoteAccess {
  std::string endpoint;
  Region region;
  S3CredentialSource credentials;
  EndpointOptions reached = {};
  RetryPolicy retry = {};
  RemoteOptions bodies = {};
};
// The usual way: signed, retried with sleeps. clock outlives the store.
Result<std::unique_ptr<ObjectStore>> open_remote_store(RemoteAccess access, const Clock& clock);

}  // namespace clary::objects
