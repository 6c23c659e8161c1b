// Versions of a DirectoryStore on disk: files, formats, what comes back after a crash.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "objects/directory_store.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

const ObjectKey kKey("k");

class DirectoryVersionsTest : public testing::Test {
 protected:
  void open() { store_ = std::move(DirectoryStore::open(root(), clock_, ids_)).value(); }
  std::string root() const { return folder_.path() + "/objects"; }
  std::string put(std::string_view bytes) {
    auto writer = std::move(store_->put({.bucket = kBucket, .key = kKey})).value();
    EXPECT_TRUE(writer->write(bytes).ok());
    return writer->finish()->version_id;
  }
  std::string read(const std::string& version) {
    const auto body = store_->get(kBucket, kKey, ReadRequest{.version = version});
    return body.ok() ? *drain(*body->bytes) : "error";
  }
  std::size_t body_files() const {
    std::size_t out = 0;
    for (const std::string& folder : list_folder(root() + "/bodies").value_or({}))
      out += list_folder(root() + "/bodies/" + folder)->size();
    return out;
  }
  void make_versioned_bucket() {
    open();
    ASSERT_TRUE(store_->create_bucket({kBucket, {}, Region("us-east-1")}).ok());
    ASSERT_TRUE(store_->set_versioning(kBucket, Versioning::kEnabled).ok());
  }

  static inline const BucketName kBucket{"b"};
  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
};

TEST_F(DirectoryVersionsTest, AFileGoesWithItsVersion) {
  make_versioned_bucket();
  const std::string one = put(sample_bytes(40'000, 1));
  const std::string two = put(sample_bytes(40'000, 2));
  EXPECT_EQ(body_files(), 2U);
  ASSERT_TRUE(store_->remove(kBucket, kKey).ok());
  EXPECT_EQ(body_files(), 2U);
  ASSERT_TRUE(store_->remove(kBucket, {{.key = kKey, .version = two}}).ok());
  EXPECT_EQ(body_files(), 1U);
  ASSERT_TRUE(store_->remove(kBucket, {{.key = kKey, .version = one}}).ok());
  EXPECT_EQ(body_files(), 0U);
}

TEST_F(DirectoryVersionsTest, ACrashLosesNoVersion) {
  int ids[2] = {0, 0};
  ASSERT_EQ(::pipe(ids), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    make_versioned_bucket();
    std::string text = put(sample_bytes(40'000, 1));
    text += put("small");
    text += put(sample_bytes(40'000, 2));
    if (::write(ids[1], text.data(), text.size()) < 0) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  ::close(ids[1]);
  std::string text(96, ' ');
  ASSERT_EQ(::read(ids[0], text.data(), text.size()), 96);
  ::close(ids[0]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  open();
  EXPECT_EQ(body_files(), 2U) << "what the sweep leaves";
  EXPECT_TRUE(read(text.substr(0, 32)) == sample_bytes(40'000, 1));
  EXPECT_EQ(read(text.substr(32, 32)), "small");
  EXPECT_TRUE(read(text.substr(64)) == sample_bytes(40'000, 2));
  EXPECT_TRUE(read("") == sample_bytes(40'000, 2));
}

TEST_F(DirectoryVersionsTest, AnIndexOfTheFirstFormatIsReadOn) {
  ASSERT_TRUE(make_folders(root(), 0700).ok());
  {
    auto database = std::move(sqlite::Database::open(root() + "/index.db", {})).value();
    ASSERT_TRUE(sqlite::migrate(*database, index_migrations().first(1)).ok());
    ASSERT_TRUE(database
                    ->execute("INSERT INTO buckets VALUES(1, 'b', 0, 'us-east-1', 1);"
                              "INSERT INTO bodies VALUES(1, x'31');")
                    .ok());
    auto row = std::move(database->prepare(
                             "INSERT INTO objects(bucket, key, version, size, etag, modified, "
                             "changed, crc32c, body) VALUES(1, ?1, x'', 1, 'e', 0, 1, ?2, 1)"))
                   .value();
    ASSERT_TRUE(row.bind_blob("k").bind_blob(digest(DigestKind::kCrc32c, "1")).run().ok());
  }
  open();
  EXPECT_EQ(store_->find_bucket(kBucket)->versioning, Versioning::kOff);
  EXPECT_EQ(read(""), "1");
  ASSERT_TRUE(store_->set_versioning(kBucket, Versioning::kEnabled).ok());
  put("2");
  EXPECT_EQ(read(std::string(kNullVersion)), "1");
}

TEST_F(DirectoryVersionsTest, PromotingAVersionChangesThePrefixState) {
  make_versioned_bucket();
  put("1");
  const std::string two = put("2");
  auto other = std::move(store_->put({.bucket = kBucket, .key = ObjectKey("other")})).value();
  ASSERT_TRUE(other->finish().ok());
  const PrefixState before = *store_->prefix_state(kBucket, "");
  ASSERT_TRUE(store_->remove(kBucket, {{.key = kKey, .version = two}}).ok());
  const PrefixState after = *store_->prefix_state(kBucket, "");
  EXPECT_EQ(after.objects, before.objects);
  EXPECT_NE(after.last_change, before.last_change) << "a view would show the former contents";
}

}  // namespace
}  // namespace clary::objects
