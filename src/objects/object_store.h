// ObjectStore: buckets of objects, as S3 understands them, without its wire.
//
// Implementations: DirectoryStore (a folder), MemoryStore (tests), RemoteS3Store (any S3). All pass
// object_store_conformance. Thread-safe. Every call may block on a disk or a network: run it on a
// pool.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/names.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::objects {

using UploadId = Tagged<std::string, struct UploadIdTag>;

// A checksum the client named: verified when the bytes arrive, kept, given back.
struct Checksum {
  DigestKind kind = DigestKind::kCrc32;
  std::string value;  // base64, as in x-amz-checksum-*; "xxxx-N" for a composite one
  bool composite = false;
};

// What is stored beside the bytes and given back unchanged.
struct ObjectMetadata {
  std::string content_type = "binary/octet-stream";
  std::map<std::string, std::string> standard;  // lower-case: cache-control, content-encoding,
                                                // content-disposition, content-language, expires
  std::map<std::string, std::string> user;  // x-amz-meta-*, names without the prefix, lower case
  std::string server_side_encryption;       // echoed: "", "AES256", "aws:kms"
  std::string kms_key_id;
};

struct ObjectHead {
  ObjectKey key;
  std::uint64_t size_bytes = 0;
  std::string etag;  // without quotes: MD5 in hex, or "<md5 of part md5s>-<parts>"
  TimePoint last_modified;
  ObjectMetadata metadata;
  std::optional<Checksum> checksum;
  std::string version_id;  // "" until versions are kept
};

struct ByteRange {  // both inclusive, resolved against the size
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct ObjectBody {
  ObjectHead head;
  // A whole body is verified against the store's own checksum while it is read: read() fails before
  // the last piece of a damaged one. Local stores keep what was opened when the object is replaced;
  // a remote one fails with Conflict.
  std::unique_ptr<net::ByteSource> bytes;
  std::uint64_t length = 0;        // of `bytes`
  std::optional<ByteRange> range;  // what a ranged get() resolved to
};

// The range as the client wrote it; the store resolves it against the size it finds.
struct RangeRequest {
  std::optional<std::uint64_t> first;  // absent: the last `last` bytes
  std::optional<std::uint64_t> last;
};
// LimitExceeded when no byte of the object lies in the range.
Result<ByteRange> resolve_range(const RangeRequest& range, std::uint64_t size_bytes);

// What must hold at the moment the object becomes visible; otherwise finish() or complete_upload()
// fails with Conflict.
struct PutCondition {
  bool only_if_absent = false;
  std::optional<std::string> if_etag;  // the present object's; NotFound when there is none
};

struct PutRequest {
  BucketName bucket;
  ObjectKey key;
  ObjectMetadata metadata;
  // What the bytes must be; a mismatch fails finish() with InvalidArgument and nothing is stored.
  std::optional<std::string> expected_md5;     // raw bytes, from Content-MD5
  std::optional<std::string> expected_sha256;  // hex, from x-amz-content-sha256
  std::optional<Checksum> expected_checksum;
  std::optional<DigestKind> compute_checksum;  // make and keep one where none was given
  PutCondition condition;
};

// Which expectation of a PutRequest the bytes did not meet.
enum class Mismatch { kNone, kContentMd5, kPayloadSha256, kChecksum };

// A body on its way in. One thread at a time. Destroyed without finish(): nothing is stored.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status write(std::string_view piece) = 0;
  // The checksum when it is known only now (a trailer); its kind was named in compute_checksum.
  virtual void expect_checksum(Checksum checksum) = 0;
  // Durable and visible when this returns. Call once.
  virtual Result<ObjectHead> finish() = 0;
  // After a failed finish(): the reason, when it was the bytes.
  virtual Mismatch mismatch() const = 0;
};

struct ListRequest {
  BucketName bucket;
  std::string prefix;
  std::string delimiter;
  std::string after;  // keys and common prefixes strictly after this
  std::size_t max_keys = 1000;
};
struct ListPage {
  std::vector<ObjectHead> objects;           // in byte order of keys; metadata not filled
  std::vector<std::string> common_prefixes;  // in byte order
  bool truncated = false;
  std::string next_after;
};

struct Bucket {
  BucketName name;
  TimePoint created;
  Region region;
};

struct CompletedPart {
  int number = 0;
  std::string etag;
  std::optional<Checksum> checksum;
};
struct MultipartRequest {
  BucketName bucket;
  ObjectKey key;
  ObjectMetadata metadata;
  std::optional<DigestKind> checksum_kind;
  // True: the object's checksum is that of its parts' ("xxxx-N"). False: of the whole bytes (CRCs
  // only).
  bool composite_checksum = true;
};
struct CompleteRequest {
  BucketName bucket;
  ObjectKey key;
  UploadId upload;
  std::vector<CompletedPart> parts;  // ascending by number
  std::optional<Checksum> expected_checksum;
  std::optional<std::uint64_t> expected_size_bytes;
  PutCondition condition;
};

inline constexpr std::uint64_t kMinPartBytes = 5ULL << 20;
inline constexpr int kMaxParts = 10'000;
inline constexpr std::size_t kMaxKeyBytes = 1024;

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Buckets. create: AlreadyExists. remove: NotFound; Conflict when it is not empty.
  virtual Status create_bucket(const Bucket& bucket) = 0;
  virtual Status remove_bucket(const BucketName& name) = 0;
  virtual Result<Bucket> find_bucket(const BucketName& name) = 0;
  virtual Result<std::vector<Bucket>> list_buckets() = 0;

  // Objects. NotFound names whether the bucket or the key is absent: `bucket 'x': not there` /
  // `bucket 'x': key 'y': not there`.
  virtual Result<ObjectHead> head(const BucketName& bucket, const ObjectKey& key) = 0;
  // LimitExceeded when the range lies outside the object.
  virtual Result<ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                                 std::optional<RangeRequest> range) = 0;
  virtual Result<std::unique_ptr<ObjectWriter>> put(PutRequest request) = 0;
  virtual Status remove(const BucketName& bucket, const ObjectKey& key) = 0;  // absent key: success
  virtual Result<ListPage> list(const ListRequest& request) = 0;

  // Multipart uploads. NotFound when the upload is not there (or has been aborted).
  virtual Result<UploadId> begin_upload(MultipartRequest request) = 0;
  // number: 1 to 10,000. A part put again replaces the former one. finish() gives the part's etag,
  // size and checksum.
  virtual Result<std::unique_ptr<ObjectWriter>> put_part(PutRequest request, const UploadId& upload,
                                                         int number) = 0;
  // Conflict: a part is absent, or its etag or checksum is another. Unsupported: a part other than
  // the last is smaller than kMinPartBytes. InvalidArgument: no parts, not ascending, or the whole
  // has another size or checksum than expected. Completing again what was completed gives the same
  // answer while the object stands.
  virtual Result<ObjectHead> complete_upload(CompleteRequest request) = 0;
  virtual Status abort_upload(const BucketName& bucket, const ObjectKey& key,
                              const UploadId& upload) = 0;

  // Grows with every change of the bucket's objects; equal counters mean equal contents.
  virtual Result<std::uint64_t> change_counter(const BucketName& bucket) = 0;
};

// "s3://bucket/key/or/prefix".
struct ObjectUri {
  BucketName bucket;
  std::string key;  // may be empty
  std::string to_string() const;
};
Result<ObjectUri> parse_object_uri(std::string_view text);

}  // namespace clary::objects
