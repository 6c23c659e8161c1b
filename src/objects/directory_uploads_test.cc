// Parts that a DirectoryStore writes where they will stand in the object.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "objects/directory_store.h"
#include "objects/object_store_conformance.h"
#include "objects/store_check.h"
#include "objects/store_copy.h"

namespace clary::objects {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kPart = 20'000;

std::string bytes_of(int number) { return sample_bytes(kPart, static_cast<unsigned>(number)); }

class DirectoryUploadsTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = open(root());
    ASSERT_TRUE(store_->create_bucket({kBucket, {}, Region("us-east-1")}).ok());
    upload_ = store_->begin_upload({.bucket = kBucket, .key = kKey}).value();
  }
  std::unique_ptr<DirectoryStore> open(const std::string& root) {
    return std::move(DirectoryStore::open(root, clock_, ids_, {.min_part_bytes = 1})).value();
  }
  void reopen() {
    store_.reset();
    store_ = open(root());
  }
  std::string root() const { return folder_.path() + "/objects"; }

  std::unique_ptr<ObjectWriter> begin_part(int number, std::optional<std::uint64_t> announced) {
    return std::move(
               store_->put_part({.bucket = kBucket, .key = kKey, .announced_bytes = announced},
                                upload_, number))
        .value();
  }
  CompletedPart put_part(int number, std::string_view bytes) {
    return finish(number, *begin_part(number, bytes.size()), bytes);
  }
  static CompletedPart finish(int number, ObjectWriter& writer, std::string_view bytes) {
    EXPECT_TRUE(writer.write(bytes).ok());
    const Result<ObjectHead> head = writer.finish();
    EXPECT_TRUE(head.ok()) << head.error().message;
    return {number, head.ok() ? head->etag : "", std::nullopt};
  }
  Status complete(std::vector<CompletedPart> parts) { return complete(*store_, std::move(parts)); }
  Status complete(DirectoryStore& store, std::vector<CompletedPart> parts) {
    CLARY_RETURN_IF_ERROR(store.complete_upload(
        {.bucket = kBucket, .key = kKey, .upload = upload_, .parts = std::move(parts)}));
    return {};
  }
  std::string read() { return read(*store_); }
  static std::string read(DirectoryStore& store) {
    const auto body = store.get(kBucket, kKey, std::nullopt);
    return body.ok() ? drain(*body->bytes).value_or("unreadable") : body.error().message;
  }

  static std::vector<std::string> body_files(const std::string& root) {
    std::vector<std::string> out;
    for (const std::string& folder : list_folder(root + "/bodies").value_or({})) {
      const std::string path = path_join(root + "/bodies", folder);
      for (const std::string& name : list_folder(path).value_or({}))
        out.push_back(path_join(path, name));
    }
    return out;
  }
  std::vector<std::string> body_files() const { return body_files(root()); }
  // The only file; another one with the same bytes is another number.
  ino_t only_file() const {
    const std::vector<std::string> files = body_files();
    EXPECT_EQ(files.size(), 1U);
    struct stat found{};
    EXPECT_EQ(::stat(files.at(0).c_str(), &found), 0);
    return found.st_ino;
  }
  void expect_nothing_left() {
    EXPECT_THAT(check_store(root()).value().damage, IsEmpty());
    EXPECT_EQ(body_files().size(), 1U) << "the object's";
    ASSERT_TRUE(store_->remove(kBucket, kKey).ok());
    EXPECT_THAT(body_files(), IsEmpty());
    EXPECT_THAT(list_folder(root() + "/tmp").value(), IsEmpty());
  }

  static inline const BucketName kBucket{"b"};
  static inline const ObjectKey kKey{"k"};
  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
  UploadId upload_;
};

TEST_F(DirectoryUploadsTest, PartsInSequenceAreTheObjectsFile) {
  const CompletedPart two = put_part(2, bytes_of(2));
  const CompletedPart one = put_part(1, bytes_of(1));
  const CompletedPart end = put_part(3, "end");
  const ino_t file = only_file();
  EXPECT_EQ(check_store(root()).value().parts, 3U);
  EXPECT_THAT(check_store(root()).value().damage, IsEmpty());
  ASSERT_TRUE(complete({one, two, end}).ok());
  EXPECT_EQ(only_file(), file) << "it was copied";
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2) + "end");
  reopen();
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2) + "end");
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, AnEmptyLastPartAndALonePartFitToo) {
  ASSERT_TRUE(complete({put_part(1, bytes_of(1)), put_part(2, "")}).ok());
  EXPECT_EQ(read(), bytes_of(1));
  upload_ = store_->begin_upload({.bucket = kBucket, .key = kKey}).value();
  ASSERT_TRUE(complete({put_part(1, bytes_of(2))}).ok());
  EXPECT_EQ(read(), bytes_of(2));
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, UploadsGoOnAfterOpeningAgain) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const ino_t file = only_file();
  reopen();
  const CompletedPart two = put_part(2, bytes_of(2));
  ASSERT_TRUE(complete({one, two}).ok());
  EXPECT_EQ(only_file(), file) << "it was copied";
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2));
}

TEST_F(DirectoryUploadsTest, AnotherLengthAGapAndAnUnknownLengthAreJoined) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const CompletedPart three = put_part(3, bytes_of(3));
  const CompletedPart longer = put_part(4, bytes_of(4) + "longer");
  const CompletedPart unknown = finish(5, *begin_part(5, std::nullopt), bytes_of(5));
  const CompletedPart shorter = put_part(6, "shorter");
  const CompletedPart last = put_part(7, bytes_of(7));
  EXPECT_EQ(body_files().size(), 3U) << "the upload's, and two that fit nowhere";
  EXPECT_THAT(check_store(root()).value().damage, IsEmpty());
  ASSERT_TRUE(complete({one, three, longer, unknown, shorter, last}).ok());
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(3) + bytes_of(4) + "longer" + bytes_of(5) + "shorter" +
                        bytes_of(7));
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, WhatLiesBehindTheLastPartIsNoPartOfTheObject) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const CompletedPart two = put_part(2, bytes_of(2));
  put_part(3, bytes_of(3));
  ASSERT_TRUE(complete({one, two}).ok());
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2));
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, APartSentAgainDoesNotTouchTheFormer) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const CompletedPart former = put_part(2, bytes_of(2));
  for (const bool opened_again : {false, true}) {
    if (opened_again) reopen();
    auto writer = begin_part(2, kPart);
    ASSERT_TRUE(writer->write(bytes_of(7)).ok());
    writer.reset();  // the client has gone
    EXPECT_THAT(check_store(root()).value().damage, IsEmpty());
  }
  const CompletedPart latter = put_part(2, bytes_of(8));
  EXPECT_EQ(complete({one, former}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(body_files().size(), 2U);
  const CompletedPart last = put_part(2, bytes_of(9));
  EXPECT_EQ(complete({one, latter}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(body_files().size(), 2U) << "the one before it is freed";
  ASSERT_TRUE(complete({one, last}).ok());
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(9));
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, APlaceThatWasLeftIsWrittenAgain) {
  {
    const auto writer = begin_part(1, kPart);
    ASSERT_TRUE(writer->write(sample_bytes(kPart / 2, 99)).ok());
  }
  const CompletedPart one = put_part(1, bytes_of(1));
  const ino_t file = only_file();
  ASSERT_TRUE(complete({one}).ok());
  EXPECT_EQ(only_file(), file) << "it was copied";
  EXPECT_EQ(read(), bytes_of(1));
}

TEST_F(DirectoryUploadsTest, TwoAtOnceNeverWriteTheSamePlace) {
  const auto first = begin_part(1, kPart);
  const auto second = begin_part(1, kPart);
  const std::string half = bytes_of(1).substr(0, kPart / 2);
  ASSERT_TRUE(first->write(half).ok());
  const CompletedPart replaced = finish(1, *second, bytes_of(2));
  const CompletedPart one = finish(1, *first, bytes_of(1).substr(half.size()));
  EXPECT_EQ(complete({replaced}).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(complete({one}).ok());
  EXPECT_EQ(read(), bytes_of(1));
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, WhoWritesWhileOthersCompleteCannotChangeTheObject) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const auto late = begin_part(2, kPart);
  ASSERT_TRUE(complete({one}).ok());
  ASSERT_TRUE(late->write(bytes_of(2)).ok());
  EXPECT_EQ(late->finish().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read(), bytes_of(1));
  EXPECT_EQ(store_->put_part({.bucket = kBucket, .key = kKey, .announced_bytes = kPart}, upload_, 2)
                .error()
                .code,
            ErrorCode::kNotFound);
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, ARefusedCompletionLeavesEverythingInItsPlace) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const ino_t file = only_file();
  CompleteRequest request{.bucket = kBucket, .key = kKey, .upload = upload_, .parts = {one}};
  request.condition.if_etag = "another";
  EXPECT_FALSE(store_->complete_upload(request).ok());
  const CompletedPart two = put_part(2, bytes_of(2));
  ASSERT_TRUE(complete({one, two}).ok());
  EXPECT_EQ(only_file(), file) << "it was copied";
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2));
}

TEST_F(DirectoryUploadsTest, MoreThanWasAnnouncedDoesNotReachTheNextPlace) {
  const CompletedPart two = put_part(2, bytes_of(2));
  {
    const auto writer = begin_part(1, kPart);
    ASSERT_TRUE(writer->write(bytes_of(1)).ok());
    const Status refused = writer->write("x");
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message,
                HasSubstr("more bytes came than the 20000 that were announced"));
  }
  ASSERT_TRUE(complete({put_part(1, bytes_of(1)), two}).ok());
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2));
}

TEST_F(DirectoryUploadsTest, FarNumbersMakeNoLargeHoles) {
  const CompletedPart one = put_part(1, bytes_of(1));
  const CompletedPart far = put_part(10'000, bytes_of(2));
  EXPECT_EQ(body_files().size(), 2U);
  ASSERT_TRUE(complete({one, far}).ok());
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2));
  expect_nothing_left();
}

TEST_F(DirectoryUploadsTest, AnAbortedUploadFreesAll) {
  put_part(1, bytes_of(1));
  put_part(2, bytes_of(2));
  put_part(2, bytes_of(3));
  const auto late = begin_part(3, kPart);
  ASSERT_TRUE(store_->abort_upload(kBucket, kKey, upload_).ok());
  EXPECT_THAT(body_files(), IsEmpty());
  ASSERT_TRUE(late->write(bytes_of(3)).ok());
  EXPECT_EQ(late->finish().error().code, ErrorCode::kNotFound);
  EXPECT_THAT(body_files(), IsEmpty());
}

TEST_F(DirectoryUploadsTest, DamageIsToldOfThePartItIsIn) {
  put_part(1, bytes_of(1));
  put_part(2, bytes_of(2));
  {
    const Fd file = open_file(body_files().at(0), O_RDWR).value();
    ASSERT_EQ(::pwrite(file.get(), "???", 3, kPart + 5), 3);
  }
  EXPECT_THAT(check_store(root()).value().damage,
              ElementsAre(AllOf(HasSubstr("s3://b/k part 2 of upload "), HasSubstr("CRC-32C"))));
  ASSERT_EQ(::truncate(body_files().at(0).c_str(), kPart + 10), 0);
  EXPECT_THAT(check_store(root()).value().damage,
              ElementsAre(HasSubstr("it has 10 bytes; 20000 were stored")));
  store_.reset();
  EXPECT_EQ(check_store(root()).value().strays, 0U);
}

TEST_F(DirectoryUploadsTest, ABackupAndItsSourceGoOnApart) {
  const std::string copy = folder_.path() + "/copy";
  const CompletedPart one = put_part(1, bytes_of(1));
  const CopyReport report = copy_store(root(), copy, {.bodies = BodyCopy::kLinkOrCopy}).value();
  EXPECT_EQ(report.linked, 1U);
  EXPECT_THAT(report.missing, IsEmpty());
  const auto copied = open(copy);
  const auto theirs =
      copied->put_part({.bucket = kBucket, .key = kKey, .announced_bytes = kPart}, upload_, 2);
  const CompletedPart two = put_part(2, bytes_of(2));
  const CompletedPart other = finish(2, **theirs, bytes_of(3));
  ASSERT_TRUE(complete({one, two}).ok());
  ASSERT_TRUE(complete(*copied, {one, other}).ok());
  EXPECT_EQ(read(), bytes_of(1) + bytes_of(2));
  EXPECT_EQ(read(*copied), bytes_of(1) + bytes_of(3));
}

TEST_F(DirectoryUploadsTest, UploadsOfAnEarlierReleaseAreCompleted) {
  const CompletedPart one = finish(1, *begin_part(1, std::nullopt), bytes_of(1));
  const CompletedPart two = finish(2, *begin_part(2, std::nullopt), "end");
  store_.reset();
  {
    const auto database = sqlite::Database::open(root() + "/index.db", {}).value();
    ASSERT_TRUE(database
                    ->execute("ALTER TABLE uploads DROP COLUMN part_bytes; "
                              "PRAGMA user_version = 5")
                    .ok());
  }
  store_ = open(root());
  ASSERT_TRUE(complete({one, two}).ok());
  EXPECT_EQ(read(), bytes_of(1) + "end");
  expect_nothing_left();
}

}  // namespace
}  // namespace clary::objects
