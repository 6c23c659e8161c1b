#include "objects/store_check.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/sqlite.h"
#include "base/temporary_folder.h"
#include "objects/directory_store.h"
#include "objects/index_rebuild.h"
#include "objects/object_store_conformance.h"
#include "objects/store_copy.h"

namespace clary::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kLarge(50'000, 'x');  // a file

class StoredFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open(root());
    ASSERT_TRUE(store_->create_bucket({kBucket, {}, Region("us-east-1")}).ok());
  }
  std::unique_ptr<DirectoryStore> open(const std::string& root) {
    return std::move(DirectoryStore::open(root, clock_, ids_)).value();
  }
  std::string root() const { return folder_.path() + "/objects"; }
  std::string copy() const { return folder_.path() + "/copy"; }

  void put(const std::string& key, std::string_view bytes) {
    auto writer = store_->put({.bucket = kBucket, .key = ObjectKey(key)}).value();
    ASSERT_TRUE(writer->write(bytes).ok());
    ASSERT_TRUE(writer->finish().ok());
  }
  static std::string read(DirectoryStore& store, const std::string& key) {
    auto body = store.get(kBucket, ObjectKey(key), std::nullopt);
    return body.ok() ? drain(*body->bytes).value_or("unreadable") : body.error().message;
  }
  void put_part(std::string_view bytes) {
    const UploadId upload =
        store_->begin_upload({.bucket = kBucket, .key = ObjectKey("up")}).value();
    auto writer = store_->put_part({.bucket = kBucket, .key = ObjectKey("up")}, upload, 3).value();
    ASSERT_TRUE(writer->write(bytes).ok());
    ASSERT_TRUE(writer->finish().ok());
  }
  static std::vector<std::string> names_in(const std::string& folder) {
    return list_folder(folder).value_or({});
  }
  // The path of the file whose bytes these are.
  std::string file_of(std::string_view bytes) const {
    const std::string bodies = root() + "/bodies";
    for (const std::string& folder : names_in(bodies)) {
      for (const std::string& name : names_in(path_join(bodies, folder))) {
        std::string path = path_join(path_join(bodies, folder), name);
        if (read_file(path).value() == bytes) return path;
      }
    }
    ADD_FAILURE() << "no such file";
    return {};
  }
  static void flip_byte(const std::string& path, off_t at) {
    const Fd file = open_file(path, O_RDWR).value();
    char byte = 0;
    ASSERT_EQ(::pread(file.get(), &byte, 1, at), 1);
    byte = static_cast<char>(byte ^ 1);
    ASSERT_EQ(::pwrite(file.get(), &byte, 1, at), 1);
  }
  void change_index(const std::string& sql) {
    const auto database = sqlite::Database::open(root() + "/index.db", {}).value();
    ASSERT_TRUE(database->execute(sql).ok());
  }
  StoreReport check() { return check_store(root()).value(); }

  static inline const BucketName kBucket{"b"};
  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
};

TEST_F(StoredFolderTest, AWholeStoreHasNoDamage) {
  ASSERT_TRUE(store_->set_versioning(kBucket, Versioning::kEnabled).ok());
  for (int i = 0; i < 450; ++i) put("small/" + std::to_string(i), std::to_string(i));
  for (int i = 0; i < 3; ++i) put("versions", kLarge + std::to_string(i));
  put("gone", "marked");
  ASSERT_TRUE(store_->remove(kBucket, {{.key = ObjectKey("gone")}}).ok());
  put_part(kLarge);
  const StoreReport report = check();
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(report.objects, 451U);
  EXPECT_EQ(report.versions, 3U) << "two replaced, one below its delete marker";
  EXPECT_EQ(report.parts, 1U);
  EXPECT_EQ(report.strays, 0U);
}

TEST_F(StoredFolderTest, OneChangedByteIsTold) {
  ASSERT_TRUE(store_->set_versioning(kBucket, Versioning::kEnabled).ok());
  put("whole", kLarge + "whole");
  put("file", kLarge + "file");
  put("versions", kLarge + "old");
  put("versions", kLarge + "new");
  put("small", "abc");
  put_part(kLarge + "part");
  flip_byte(file_of(kLarge + "file"), 777);
  flip_byte(file_of(kLarge + "old"), 0);
  flip_byte(file_of(kLarge + "part"), 50'003);
  change_index("UPDATE bodies SET bytes = x'616264'");
  EXPECT_THAT(check().damage,
              ElementsAre(HasSubstr("s3://b/file: its bytes have the CRC-32C "),
                          "s3://b/small: its bytes have the CRC-32C e2815b5c; 364b3fb7 was stored",
                          AllOf(HasSubstr("s3://b/versions version "), HasSubstr("CRC-32C")),
                          AllOf(HasSubstr("s3://b/up part 3 of upload "), HasSubstr("CRC-32C"))));
}

TEST_F(StoredFolderTest, WhatIsMissingIsTold) {
  put("absent", kLarge + "absent");
  put("short", kLarge + "short");
  ASSERT_EQ(::truncate(file_of(kLarge + "short").c_str(), 10), 0);
  ASSERT_EQ(::unlink(file_of(kLarge + "absent").c_str()), 0);
  put("empty", "");
  put("small", "abc");
  change_index("DELETE FROM bodies");
  EXPECT_THAT(check().damage,
              ElementsAre(AllOf(HasSubstr("s3://b/absent: its file bodies/"), HasSubstr("missing")),
                          HasSubstr("s3://b/empty: its bytes are missing from the index"),
                          "s3://b/short: it has 10 bytes; 50005 were stored",
                          HasSubstr("s3://b/small: its bytes are missing from the index")));
}

TEST_F(StoredFolderTest, FilesOfNoObjectAreCountedWhileNobodyWrites) {
  put("file", kLarge);
  ASSERT_TRUE(make_folders(root() + "/bodies/zz").ok());
  ASSERT_TRUE(write_file_atomically(root() + "/bodies/zz/stray", "").ok());
  EXPECT_EQ(check().strays, 0U);
  store_.reset();
  EXPECT_EQ(check().strays, 1U);
}

TEST_F(StoredFolderTest, ACopyIsTheStoreOfItsMoment) {
  put("file", kLarge);
  put("small", "abc");
  const CopyReport report = copy_store(root(), copy(), {.bodies = BodyCopy::kLinkOrCopy}).value();
  EXPECT_EQ(report.counts.objects, 2U);
  EXPECT_EQ(report.counts.bytes, kLarge.size() + 3);
  EXPECT_EQ(report.linked, 1U);
  put("file", "replaced");
  put("later", "x");
  const auto copied = open(copy());
  EXPECT_EQ(read(*copied, "file"), kLarge);
  EXPECT_EQ(read(*copied, "small"), "abc");
  EXPECT_THAT(read(*copied, "later"), HasSubstr("not"));
  EXPECT_EQ(read(*store_, "file"), "replaced");
}

TEST_F(StoredFolderTest, ACopyMayShareNothing) {
  put("file", kLarge);
  EXPECT_EQ(copy_store(root(), copy(), {.bodies = BodyCopy::kCopy}).value().linked, 0U);
  flip_byte(file_of(kLarge), 5);
  EXPECT_EQ(read(*open(copy()), "file"), kLarge);
}

TEST_F(StoredFolderTest, ACopyIsCopiedBackWithoutATraceInIt) {
  put("file", kLarge);
  put("small", "abc");
  ASSERT_TRUE(copy_store(root(), copy(), {.bodies = BodyCopy::kCopy}).ok());
  const std::vector<std::string> before = names_in(copy());
  const std::string back = folder_.path() + "/back";
  ASSERT_TRUE(copy_store(copy(), back, {.at_rest = true}).ok());
  EXPECT_EQ(names_in(copy()), before);
  const auto restored = open(back);
  EXPECT_EQ(read(*restored, "file"), kLarge);
  EXPECT_EQ(read(*restored, "small"), "abc");
}

TEST_F(StoredFolderTest, ACopyOfADamagedStoreSaysWhatItLacks) {
  put("absent", kLarge + "absent");
  put("file", kLarge);
  ASSERT_EQ(::unlink(file_of(kLarge + "absent").c_str()), 0);
  const CopyReport report = copy_store(root(), copy(), {.bodies = BodyCopy::kLinkOrCopy}).value();
  EXPECT_EQ(report.missing.size(), 1U);
  EXPECT_EQ(read(*open(copy()), "file"), kLarge);
}

TEST_F(StoredFolderTest, ARebuiltIndexHoldsWhatTheOldOneHeld) {
  ASSERT_TRUE(store_->create_bucket({BucketName("gone"), {}, Region("us-east-1")}).ok());
  const std::int64_t number = store_->bucket_number(BucketName("gone")).value();
  ASSERT_TRUE(store_->remove_bucket(BucketName("gone")).ok());
  put("file", kLarge);
  put("small", "abc");
  const std::uint64_t changes = store_->change_counter(kBucket).value();
  EXPECT_EQ(rebuild_index(root()).error().code, ErrorCode::kConflict) << "it is open";
  store_.reset();
  EXPECT_THAT(rebuild_index(root()).value().unreadable, IsEmpty());
  store_ = open(root());
  EXPECT_EQ(read(*store_, "file"), kLarge);
  EXPECT_EQ(read(*store_, "small"), "abc");
  EXPECT_EQ(store_->change_counter(kBucket).value(), changes);
  ASSERT_TRUE(store_->create_bucket({BucketName("new"), {}, Region("us-east-1")}).ok());
  EXPECT_GT(store_->bucket_number(BucketName("new")).value(), number) << "given once";
  EXPECT_THAT(check().damage, IsEmpty());
}

TEST_F(StoredFolderTest, WhatADamagedIndexStillSaysIsCarriedOver) {
  const std::string bytes(8'000, 'y');
  for (int i = 0; i < 300; ++i) put("key-" + std::to_string(1000 + i), bytes);
  store_.reset();
  struct stat found{};
  ASSERT_EQ(::stat((root() + "/index.db").c_str(), &found), 0);
  {
    const Fd file = open_file(root() + "/index.db", O_RDWR).value();
    const std::string garbage(16'384, '\xff');
    ASSERT_EQ(::pwrite(file.get(), garbage.data(), garbage.size(), found.st_size / 8192 * 4096),
              static_cast<ssize_t>(garbage.size()));
  }
  const RebuildReport report = rebuild_index(root()).value();
  EXPECT_THAT(report.unreadable, ElementsAre(HasSubstr("malformed")));
  const StoreReport after = check();
  EXPECT_EQ(after.objects, 300U);
  EXPECT_GT(after.damage.size(), 0U);
  EXPECT_LT(after.damage.size(), 20U);
  store_ = open(root());
  EXPECT_EQ(read(*store_, "key-1000"), bytes);
  EXPECT_EQ(read(*store_, "key-1299"), bytes);
}

}  // namespace
}  // namespace clary::objects
