// ObjectStore: buckets of objects, as S3 understands them, without its wire.
//
// Implementations: DirectoryStore (a folder), MemoryStore (tests), RemoteS3Store (any S3),
// SharedBucketStore (folders in a bucket of another store). All pass object_store_conformance.
// Thread-safe. Every call may block on a disk or a network: run it on a pool.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/names.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::objects {

using UploadId = Tagged<std::string, struct UploadIdTag>;

// Labels of an object: name and value. They can change while the object stays.
using Tags = std::map<std::string, std::string>;

// Whether a put keeps what it replaces. kSuspended: what was kept stays, nothing is added to it.
enum class Versioning { kOff, kEnabled, kSuspended };
// The name of a version that was put while the bucket kept none.
inline constexpr std::string_view kNullVersion = "null";

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

// One part of an upload, or of the object that was made of it.
struct ObjectPart {
  int number = 0;
  std::uint64_t size_bytes = 0;
  std::optional<Checksum> checksum;
  std::string etag;         // without quotes; "" once the upload is completed
  TimePoint last_modified;  // of an upload's part
};

struct ObjectHead {
  ObjectKey key;
  std::uint64_t size_bytes = 0;
  std::string etag;  // without quotes: MD5 in hex, or "<md5 of part md5s>-<parts>"
  TimePoint last_modified;
  ObjectMetadata metadata;
  std::optional<Checksum> checksum;
  std::string
      version_id;  // "" in a bucket that never kept versions; kNullVersion or an opaque text
  Tags tags;
  std::vector<ObjectPart> parts;  // ascending; empty for what was put whole
  bool delete_marker = false;     // a version that says "removed"; it has no bytes
  bool latest = true;             // filled by list_versions()
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

// What of an object get() gives. Not both: range and part.
struct ReadRequest {
  std::string version = {};  // "": the current one
  std::optional<RangeRequest> range = {};
  std::optional<int> part = {};  // by its number; an object put whole is its own part 1
};
// The range that the request means; nothing for the whole. LimitExceeded when it lies outside the
// object, or there is no such part.
Result<std::optional<ByteRange>> resolve_read(const ReadRequest& read, const ObjectHead& head);

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
  Tags tags;
  // Set by a store for a part that brings another checksum than the one its upload makes.
  bool also_crc64nvme = false;
  // Of a part: how many bytes will come, where that is known. A place is kept for so many.
  std::optional<std::uint64_t> announced_bytes = {};
};

// Stores the bytes of one object as another.
struct CopyRequest {
  BucketName from_bucket;
  ObjectKey from_key;
  std::string from_version = {};  // "": the current one
  std::string from_etag = {};     // of what was looked at
  PutRequest to = {};             // it expects nothing of the bytes
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
  // Of versions and uploads, which share keys: with `after`, those of that key that follow this
  // one are listed too. One that is gone: all of that key.
  std::string after_id = {};
};
// Where a page ended.
struct PageEnd {
  std::vector<std::string> common_prefixes;  // in byte order
  bool truncated = false;
  std::string next_after;
  std::string next_after_id;
};
struct ListPage : PageEnd {
  std::vector<ObjectHead> objects;  // in byte order of keys, versions newest first; metadata, tags
                                    // and parts not filled
};

// What remove() takes away.
struct Removal {
  ObjectKey key;
  std::string version = {};  // "": the current one, which a bucket that keeps versions only hides
  // Holds at that moment, or the removal is a Conflict. "*": any that is there.
  std::optional<std::string> if_etag = {};
  std::optional<std::uint64_t> if_size_bytes = {};
  std::optional<TimePoint> if_modified = {};  // in whole seconds
};
struct Removed {
  std::string version_id;      // of the delete marker that was made, or of what was removed
  bool delete_marker = false;  // made or removed
};

struct Bucket {
  BucketName name;
  TimePoint created;
  Region region;
  Versioning versioning = Versioning::kOff;
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
  Tags tags = {};
  bool default_checksum = false;  // the client named none; its parts may bring any
};
// An upload that is not completed.
struct PendingUpload {
  UploadId id;
  ObjectKey key;
  TimePoint begun;
  std::optional<DigestKind> checksum_kind;
  bool composite_checksum = true;
};
struct UploadPage : PageEnd {
  std::vector<PendingUpload> uploads;  // by key, then by their beginning
};
struct PartListRequest {
  BucketName bucket;
  ObjectKey key;
  UploadId upload;
  int after = 0;  // numbers above this
  std::size_t max_parts = 1000;
};
struct PartPage {
  std::vector<ObjectPart> parts;
  bool truncated = false;
  std::optional<DigestKind> checksum_kind;  // of the upload
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
  // InvalidArgument: kOff. A bucket that once kept versions can only be suspended.
  virtual Status set_versioning(const BucketName& name, Versioning versioning) = 0;

  // Objects. NotFound names what is absent: `bucket 'x': not there` / `bucket 'x': key 'y': not
  // there`. A key whose newest version is a delete marker is absent; asked for by its version, the
  // marker is found: a head that says so, and no bytes.
  virtual Result<ObjectHead> head(const BucketName& bucket, const ObjectKey& key,
                                  const std::string& version) = 0;
  Result<ObjectHead> head(const BucketName& bucket, const ObjectKey& key) {
    return head(bucket, key, std::string());
  }
  // LimitExceeded when the range lies outside the object, or it has no such part.
  virtual Result<ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                                 const ReadRequest& read) = 0;
  Result<ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                         std::optional<RangeRequest> range) {
    return get(bucket, key, ReadRequest{.range = range});
  }
  virtual Result<std::unique_ptr<ObjectWriter>> put(PutRequest request) = 0;
  // The same as get() and put(), its ETag too, without moving the bytes where they can be shared.
  // Conflict: is_changed_source(), store_rules.h, where the object has another ETag than the one
  // looked at, else of the condition. As it stands here: moves them.
  virtual Result<ObjectHead> copy(const CopyRequest& request);
  // One outcome for each, in their order; durable together. What is absent: success, with nothing
  // removed. An error of the whole: of the bucket or the disk.
  virtual Result<std::vector<Result<Removed>>> remove(const BucketName& bucket,
                                                      const std::vector<Removal>& removals) = 0;
  Status remove(const BucketName& bucket, const ObjectKey& key);
  virtual Result<ListPage> list(const ListRequest& request) = 0;
  // Every version and delete marker; each has a version_id.
  virtual Result<ListPage> list_versions(const ListRequest& request) = 0;
  // Replaces the tags. The head of what they belong to, without its metadata.
  virtual Result<ObjectHead> set_tags(const BucketName& bucket, const ObjectKey& key,
                                      const std::string& version, const Tags& tags) = 0;

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

  virtual Result<PartPage> list_parts(const PartListRequest& request) = 0;
  virtual Result<UploadPage> list_uploads(const ListRequest& request) = 0;

  // Grows with every change of the bucket's objects; equal counters mean equal contents.
  virtual Result<std::uint64_t> change_counter(const BucketName& bucket) = 0;
};

// Writes all that `from` gives and finishes.
Result<ObjectHead> pour(net::ByteSource& from, ObjectWriter& to);

// "s3://bucket/key/or/prefix".
struct ObjectUri {
  BucketName bucket;
  std::string key;  // may be empty
  std::string to_string() const;
};
Result<ObjectUri> parse_object_uri(std::string_view text);

}  // namespace clary::objects
