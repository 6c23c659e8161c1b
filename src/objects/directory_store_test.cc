#include "objects/directory_store.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

class DirectoryTarget final : public ConformanceTarget {
 public:
  DirectoryTarget()
      : store_(std::move(DirectoryStore::open(folder_.path(), clock_, ids_)).value()) {}
  ObjectStore& store() override { return *store_; }

 private:
  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
};

CLARY_OBJECT_STORE_CONFORMANCE(Directory, (StoreCase{"directory", [] {
                                                       return std::make_unique<DirectoryTarget>();
                                                     }}));

class DirectoryStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(store_->create_bucket({BucketName("b"), {}, Region("us-east-1")}).ok());
  }
  void open(const DirectoryOptions& options = {}) {
    store_ = std::move(DirectoryStore::open(root(), clock_, ids_, options)).value();
  }
  void reopen() {
    store_.reset();
    open();
  }
  std::string root() const { return folder_.path() + "/objects"; }

  Result<ObjectHead> put(const std::string& key, std::string_view bytes) {
    CLARY_TRY(const auto writer, store_->put({.bucket = BucketName("b"), .key = ObjectKey(key)}));
    CLARY_RETURN_IF_ERROR(writer->write(bytes));
    return writer->finish();
  }
  Result<std::string> read(const std::string& key) {
    CLARY_TRY(const ObjectBody body, store_->get(BucketName("b"), ObjectKey(key), std::nullopt));
    return drain(*body.bytes);
  }
  static std::vector<std::string> names_in(const std::string& folder) {
    return list_folder(folder).value_or({});
  }
  // Paths of all body files.
  std::vector<std::string> body_files() const {
    std::vector<std::string> out;
    for (const std::string& folder : names_in(root() + "/bodies")) {
      const std::string path = root() + "/bodies/" + folder;
      for (const std::string& name : names_in(path)) out.push_back(path_join(path, name));
    }
    return out;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
};

TEST_F(DirectoryStoreTest, EverythingIsThereAfterOpeningAgain) {
  const std::string large = sample_bytes(200'000);
  ASSERT_TRUE(put("small", "x").ok());
  ASSERT_TRUE(put("large", large).ok());
  reopen();
  EXPECT_EQ(*read("small"), "x");
  EXPECT_EQ(*read("large"), large);
}

TEST_F(DirectoryStoreTest, OnlyLargeBodiesAreFilesAndNoneIsLeftBehind) {
  ASSERT_TRUE(put("small", sample_bytes(16 << 10)).ok());
  EXPECT_TRUE(body_files().empty());
  ASSERT_TRUE(put("large", sample_bytes((16 << 10) + 1)).ok());
  EXPECT_EQ(body_files().size(), 1U);
  ASSERT_TRUE(put("large", sample_bytes(30'000)).ok());
  EXPECT_EQ(body_files().size(), 1U);
  ASSERT_TRUE(store_->remove(BucketName("b"), ObjectKey("large")).ok());
  EXPECT_TRUE(body_files().empty());
  EXPECT_TRUE(names_in(root() + "/tmp").empty());
}

TEST_F(DirectoryStoreTest, DamageIsFoundBeforeTheLastBytesAreGiven) {
  ASSERT_TRUE(put("k", sample_bytes(200'000)).ok());
  const std::string path = body_files().at(0);
  std::string bytes = *read_file(path);
  bytes[100'000] = static_cast<char>(bytes[100'000] + 1);
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ASSERT_TRUE(write_file_atomically(path, bytes).ok());
  EXPECT_EQ(read("k").error().code, ErrorCode::kInternal);
  EXPECT_THAT(read("k").error().message, testing::HasSubstr("'k'"));
}

TEST_F(DirectoryStoreTest, ASecondProcessIsRefused) {
  const auto second = DirectoryStore::open(root(), clock_, ids_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(put("k", "x").ok());
}

TEST_F(DirectoryStoreTest, ANewerFormatIsRefused) {
  store_.reset();
  {
    auto database = std::move(sqlite::Database::open(root() + "/index.db", {})).value();
    ASSERT_TRUE(database->execute("PRAGMA user_version = 99").ok());
  }
  EXPECT_EQ(DirectoryStore::open(root(), clock_, ids_).error().code, ErrorCode::kUnsupported);
}

// Runs `work` in a child that is killed where it stands, without any orderly end.
template <typename Work>
void in_killed_process(Work work) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    work();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST_F(DirectoryStoreTest, AKillLeavesWhatWasAnsweredAndNothingElse) {
  store_.reset();
  const std::string large = sample_bytes(100'000);
  in_killed_process([&] {
    open();
    if (!put("answered", large).ok()) return;
    auto writer = store_->put({.bucket = BucketName("b"), .key = ObjectKey("begun")});
    static_cast<void>((*writer)->write(large));
    // What a kill between the renaming of a body and its commit leaves.
    static_cast<void>(make_folders(root() + "/bodies/ab"));
    static_cast<void>(
        write_file_atomically(root() + "/bodies/ab/ab012345678901234567890123456789", "stray"));
    static_cast<void>(writer->release());
  });
  EXPECT_EQ(names_in(root() + "/tmp").size(), 1U);
  EXPECT_EQ(body_files().size(), 2U);
  open();
  EXPECT_EQ(*read("answered"), large);
  EXPECT_EQ(read("begun").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(names_in(root() + "/tmp").empty());
  EXPECT_EQ(body_files().size(), 1U);
}

TEST_F(DirectoryStoreTest, UploadsSurviveOpeningAgain) {
  const BucketName bucket("b");
  const ObjectKey key("k");
  const UploadId upload = *store_->begin_upload({bucket, key, {}, std::nullopt, true});
  auto writer = std::move(store_->put_part({.bucket = bucket, .key = key}, upload, 1)).value();
  ASSERT_TRUE(writer->write("part").ok());
  const std::string etag = writer->finish()->etag;
  reopen();
  ASSERT_TRUE(
      store_->complete_upload({bucket, key, upload, {{1, etag, std::nullopt}}, {}, {}, {}}).ok());
  EXPECT_EQ(*read("k"), "part");
  ASSERT_TRUE(store_->remove(bucket, key).ok());
  EXPECT_TRUE(body_files().empty());
}

TEST_F(DirectoryStoreTest, AFullDiskIsAnErrorAndNothingIsLost) {
  ASSERT_TRUE(put("before", sample_bytes(100'000)).ok());
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
  const auto former_action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = former;
  tight.rlim_cur = 300'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Result<ObjectHead> refused = put("large", sample_bytes(1'000'000));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &former), 0);
  std::signal(SIGXFSZ, former_action);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimitExceeded);
  EXPECT_TRUE(names_in(root() + "/tmp").empty());
  EXPECT_EQ(*read("before"), sample_bytes(100'000));
  EXPECT_EQ(read("large").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(put("large", sample_bytes(1'000'000)).ok());
}

TEST_F(DirectoryStoreTest, TheLastOfTheDiskIsKeptForRemovals) {
  ASSERT_TRUE(put("kept", "x").ok());
  store_.reset();
  open({.reserved_bytes = std::uint64_t{1} << 60});
  for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}}) {
    const auto refused = put("later", std::string(size, 'y'));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kLimitExceeded);
    EXPECT_EQ(refused.error().message, "bucket 'b': put 'later': the disk of '" + root() +
                                           "' is full: its last 1024 PiB are kept for what "
                                           "removes objects");
  }
  EXPECT_EQ(read("kept").value(), "x");
  EXPECT_TRUE(store_->remove(BucketName("b"), {{.key = ObjectKey("kept")}}).value()[0].ok());
}

TEST_F(DirectoryStoreTest, PartsAreJoinedWhereTheLastOfTheDiskStaysFree) {
  const std::string bytes = sample_bytes(100'000);
  const auto upload_of = [&](const char* key, int parts) {
    CompleteRequest request{.bucket = BucketName("b"), .key = ObjectKey(key)};
    request.upload =
        std::move(store_->begin_upload({.bucket = request.bucket, .key = request.key})).value();
    for (int number = 1; number <= parts; ++number) {
      auto writer = std::move(store_->put_part({.bucket = request.bucket, .key = request.key},
                                               request.upload, number))
                        .value();
      EXPECT_TRUE(writer->write(bytes).ok());
      request.parts.push_back({.number = number, .etag = writer->finish().value_or({}).etag});
    }
    return request;
  };
  const CompleteRequest joined = upload_of("joined", 2);
  const CompleteRequest alone = upload_of("alone", 1);
  store_.reset();
  open({.min_part_bytes = 1, .reserved_bytes = std::uint64_t{1} << 60});
  const Result<ObjectHead> refused = store_->complete_upload(joined);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(refused.error().message,
            "bucket 'b': complete upload of 'joined': the disk of '" + root() +
                "' is full for 195 KiB more: its last 1024 PiB are kept for what removes objects");
  EXPECT_EQ(body_files().size(), 3U);
  EXPECT_EQ(names_in(root() + "/tmp"), std::vector<std::string>{});
  EXPECT_TRUE(store_->complete_upload(alone).ok()) << "its part is the object's file";
  store_.reset();
  open({.min_part_bytes = 1});
  ASSERT_TRUE(store_->complete_upload(joined).ok());
  EXPECT_EQ(*read("joined"), bytes + bytes);
}

TEST(BodyFilesRoom, WhatIsToComeIsCountedWithWhatIsKept) {
  TemporaryFolder folder;
  RandomIds ids;
  const BodyFiles files(folder.path(), ids);
  struct statvfs disk{};
  ASSERT_EQ(::statvfs(folder.path().c_str(), &disk), 0);
  const std::uint64_t all = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  EXPECT_TRUE(files.require_free(1).ok());
  EXPECT_EQ(files.require_free(1, all + 1).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(files.require_free(1, ~std::uint64_t{0}).error().code, ErrorCode::kLimitExceeded);
  EXPECT_TRUE(files.require_free(0, all + 1).ok()) << "nothing is kept";
}

TEST_F(DirectoryStoreTest, QuotasCountTheirOwnBucketsParts) {
  const auto put_part = [&](const BucketName& bucket, int number, std::size_t size) -> Status {
    CLARY_TRY(const UploadId upload,
              store_->begin_upload({.bucket = bucket, .key = ObjectKey("part")}));
    CLARY_TRY(const auto writer,
              store_->put_part({.bucket = bucket, .key = ObjectKey("part")}, upload, number));
    CLARY_RETURN_IF_ERROR(writer->write(sample_bytes(size)));
    CLARY_TRY([[maybe_unused]] const ObjectHead part, writer->finish());
    return {};
  };
  const DirectoryOptions options{
      .quotas = {{BucketName("b"), 100'000}, {BucketName("later"), 100'000}}};
  // A part's number may be that of a bucket.
  for (const int number : {1, 2}) ASSERT_TRUE(put_part(BucketName("b"), number, 90'000).ok());
  store_.reset();
  open(options);
  EXPECT_EQ(put("k", "x").error().code, ErrorCode::kLimitExceeded) << "its parts fill it";
  ASSERT_TRUE(store_->create_bucket({BucketName("later"), {}, Region("us-east-1")}).ok());
  EXPECT_TRUE(put_part(BucketName("later"), 1, 90'000).ok()) << "strangers' parts are not its own";
}

TEST_F(DirectoryStoreTest, ManyWritersEachGetTheirOwnAnswer) {
  constexpr int kThreads = 16;
  constexpr int kEach = 20;
  std::vector<std::thread> threads;
  std::atomic<int> conflicts = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        if (!put(key, key).ok()) ADD_FAILURE() << key;
        // All compete for one key; one of them wins.
        auto writer = store_->put({.bucket = BucketName("b"),
                                   .key = ObjectKey("once"),
                                   .condition = {.only_if_absent = true}});
        if (!(*writer)->finish().ok()) ++conflicts;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(conflicts, kThreads * kEach - 1);
  EXPECT_EQ(store_->list({.bucket = BucketName("b")})->objects.size(), kThreads * kEach + 1U);
  EXPECT_EQ(*read("3/7"), "3/7");
}

}  // namespace
}  // namespace clary::objects
