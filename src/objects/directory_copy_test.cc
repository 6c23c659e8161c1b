// Copies in a DirectoryStore: what is shared, what a kill leaves, where links end.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "objects/directory_store.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

class DirectoryCopyTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(store_->create_bucket({kBucket, {}, Region("us-east-1")}).ok());
  }
  void open() { store_ = std::move(DirectoryStore::open(folder_.path(), clock_, ids_)).value(); }

  ObjectHead put(const std::string& key, std::string_view bytes) {
    auto writer = std::move(store_->put({.bucket = kBucket,
                                         .key = ObjectKey(key),
                                         .compute_checksum = DigestKind::kCrc32}))
                      .value();
    EXPECT_TRUE(writer->write(bytes).ok());
    return writer->finish().value_or({});
  }
  Result<ObjectHead> copy(const std::string& from, const std::string& key,
                          DigestKind checksum = DigestKind::kCrc32) {
    CLARY_TRY(const ObjectHead head, store_->head(kBucket, ObjectKey(from)));
    return store_->copy(
        {.from_bucket = kBucket,
         .from_key = ObjectKey(from),
         .from_etag = head.etag,
         .to = {.bucket = kBucket, .key = ObjectKey(key), .compute_checksum = checksum}});
  }
  std::string read(const std::string& key) {
    const auto body = store_->get(kBucket, ObjectKey(key), std::nullopt);
    return body.ok() ? drain(*body->bytes).value_or("damaged") : body.error().message;
  }
  std::vector<std::string> body_files() const {
    std::vector<std::string> out;
    const std::vector<std::string> folders = list_folder(folder_.path() + "/bodies").value_or({});
    for (const std::string& folder : folders) {
      const std::string path = folder_.path() + "/bodies/" + folder;
      const std::vector<std::string> names = list_folder(path).value_or({});
      for (const std::string& name : names) out.push_back(path_join(path, name));
    }
    return out;
  }
  std::size_t different_bodies() const {
    std::set<ino_t> inodes;
    for (const std::string& path : body_files()) {
      struct stat status{};
      EXPECT_EQ(::stat(path.c_str(), &status), 0);
      inodes.insert(status.st_ino);
    }
    return inodes.size();
  }

  static inline const BucketName kBucket{"b"};
  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
};

TEST_F(DirectoryCopyTest, BytesAreShared) {
  put("one", sample_bytes(50'000));
  ASSERT_TRUE(copy("one", "two").ok());
  ASSERT_TRUE(copy("one", "three", DigestKind::kSha256).ok());
  EXPECT_EQ(body_files().size(), 3U);
  EXPECT_EQ(different_bodies(), 1U);
  ASSERT_TRUE(store_->remove(kBucket, ObjectKey("one")).ok());
  ASSERT_TRUE(store_->remove(kBucket, ObjectKey("three")).ok());
  EXPECT_EQ(body_files().size(), 1U);
  EXPECT_EQ(read("two"), sample_bytes(50'000));
}

TEST_F(DirectoryCopyTest, AKillBetweenTheLinkAndItsRowLeavesNothing) {
  put("one", sample_bytes(50'000));
  store_.reset();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    open();
    BodyFiles files(folder_.path(), ids_);
    if (copy("one", "answered").ok()) static_cast<void>(files.share(base_name(body_files()[0])));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(body_files().size(), 3U);
  open();
  EXPECT_EQ(body_files().size(), 2U);
  EXPECT_EQ(read("one"), sample_bytes(50'000));
  EXPECT_EQ(read("answered"), sample_bytes(50'000));
}

TEST_F(DirectoryCopyTest, ACopyThatIsRefusedLeavesNoLink) {
  put("one", sample_bytes(50'000));
  const ObjectHead there = put("two", "there");
  const Result<ObjectHead> refused = store_->copy(
      {.from_bucket = kBucket,
       .from_key = ObjectKey("one"),
       .from_etag = store_->head(kBucket, ObjectKey("one"))->etag,
       .to = {.bucket = kBucket, .key = ObjectKey("two"), .condition = {.only_if_absent = true}}});
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(body_files().size(), 1U);
}

TEST_F(DirectoryCopyTest, DamageIsNotGivenANewChecksum) {
  put("one", sample_bytes(50'000));
  std::string bytes = *read_file(body_files().at(0));
  bytes[25'000] = static_cast<char>(bytes[25'000] + 1);
  ASSERT_TRUE(write_file_atomically(body_files().at(0), bytes).ok());
  EXPECT_EQ(copy("one", "two", DigestKind::kSha256).error().code, ErrorCode::kInternal);
  ASSERT_TRUE(copy("one", "three").ok()) << "nothing was read";
  EXPECT_EQ(read("three"), "damaged");
}

TEST_F(DirectoryCopyTest, ASourceWhoseBodyIsLostIsDamagedAndNotReplaced) {
  put("one", sample_bytes(50'000));
  const std::string path = body_files().at(0);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  const Error lost = copy("one", "two").error();
  EXPECT_EQ(lost.code, ErrorCode::kInternal);
  EXPECT_TRUE(lost.message.starts_with("bucket 'b': copy to 'two': the source's body file is "
                                       "missing: ") &&
              lost.message.find(path) != std::string::npos)
      << lost.message;
}

}  // namespace
}  // namespace clary::objects
