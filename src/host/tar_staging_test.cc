#include "host/tar_staging.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "host/byte_sources.h"
#include "host/test_folder.h"

namespace clary::host {
namespace {

la_ssize_t append(archive*, void* context, const void* bytes, size_t size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

// Builds hostile and friendly archives.
class TarBuilder {
 public:
  TarBuilder() : writer_(archive_write_new()) {
    archive_write_add_filter_gzip(writer_);
    archive_write_set_format_pax(writer_);
    archive_write_set_options(writer_, "hdrcharset=BINARY");
    archive_write_open(writer_, &bytes_, nullptr, append, nullptr);
  }
  TarBuilder(const TarBuilder&) = delete;
  TarBuilder& operator=(const TarBuilder&) = delete;
  ~TarBuilder() { archive_write_free(writer_); }

  TarBuilder& file(const char* path, const std::string& text, mode_t mode = 0644) {
    return member(
        path, AE_IFREG,
        [&](archive_entry* entry) {
          archive_entry_set_perm(entry, mode);
          archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
        },
        text);
  }
  TarBuilder& folder(const char* path) {
    return member(path, AE_IFDIR, [](archive_entry*) {});
  }
  TarBuilder& fifo(const char* path) {
    return member(path, AE_IFIFO, [](archive_entry*) {});
  }
  TarBuilder& link(const char* path, const char* target) {
    return member(path, AE_IFLNK,
                  [&](archive_entry* entry) { archive_entry_set_symlink(entry, target); });
  }
  TarBuilder& hard_link(const char* path, const char* target) {
    return member(path, AE_IFREG,
                  [&](archive_entry* entry) { archive_entry_set_hardlink(entry, target); });
  }
  std::string bytes() {
    archive_write_close(writer_);
    return bytes_;
  }

 private:
  TarBuilder& member(const char* path, unsigned type,
                     const std::function<void(archive_entry*)>& fill,
                     const std::string& text = "") {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0755);
    fill(entry);
    EXPECT_EQ(archive_write_header(writer_, entry), ARCHIVE_OK) << archive_error_string(writer_);
    if (!text.empty()) archive_write_data(writer_, text.data(), text.size());
    archive_entry_free(entry);
    return *this;
  }

  archive* writer_;
  std::string bytes_;
};

class TarStaging : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(make_folders(target_).ok()); }
  Result<TarTotals> unpack(const std::string& bytes, const TarLimits& limits = {}) {
    return unpack_tar(*memory_source(bytes), target_, limits);
  }
  void expect_refused(const std::string& bytes, std::string_view member,
                      ErrorCode code = ErrorCode::kInvalidArgument, const TarLimits& limits = {}) {
    const Result<TarTotals> outcome = unpack(bytes, limits);
    ASSERT_FALSE(outcome.ok()) << member;
    EXPECT_EQ(outcome.error().code, code) << outcome.error().message;
    EXPECT_NE(outcome.error().message.find(member), std::string::npos) << outcome.error().message;
    EXPECT_EQ(list_folder(folder_.path())->size(), 1U) << "something was written beside the target";
  }

  TestFolder folder_;
  std::string target_ = folder_.at("code");
};

TEST_F(TarStaging, UnpacksFilesFoldersAndLinks) {
  const Result<TarTotals> totals = unpack(TarBuilder()
                                              .folder("./")
                                              .file("./train.py", "print(1)")
                                              .folder("lib")
                                              .file("lib/run.sh", "#!/bin/sh", 04755)
                                              .link("lib/again.py", "../train.py")
                                              .hard_link("twin.py", "train.py")
                                              .file("데이터/é.txt", "x")
                                              .bytes());
  ASSERT_TRUE(totals.ok()) << totals.error().message;
  EXPECT_EQ(totals->bytes, 8U + 9U + 1U);
  EXPECT_EQ(folder_.read("code/train.py"), "print(1)");
  EXPECT_EQ(folder_.read("code/lib/again.py"), "print(1)");
  EXPECT_EQ(folder_.read("code/twin.py"), "print(1)");
  EXPECT_EQ(folder_.read("code/데이터/é.txt"), "x");
  struct stat found{};
  ASSERT_EQ(::stat((target_ + "/lib/run.sh").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0755U);  // no set-user-id
}

TEST_F(TarStaging, ALaterMemberReplacesAnEarlierOne) {
  ASSERT_TRUE(unpack(TarBuilder().file("a", "1").file("a", "2").bytes()).ok());
  EXPECT_EQ(folder_.read("code/a"), "2");
}

TEST_F(TarStaging, RefusesPathsThatLeave) {
  expect_refused(TarBuilder().file("../evil", "x").bytes(), "../evil");
  expect_refused(TarBuilder().file("a/../../evil", "x").bytes(), "a/../../evil");
  expect_refused(TarBuilder().file("/tmp/evil", "x").bytes(), "/tmp/evil");
  expect_refused(TarBuilder().folder("../evil").bytes(), "../evil");
}

TEST_F(TarStaging, RefusesLinksThatLeave) {
  expect_refused(TarBuilder().link("passwd", "/etc/passwd").bytes(), "passwd");
  expect_refused(TarBuilder().link("up", "..").bytes(), "up");
  expect_refused(TarBuilder().link("a/up", "../../x").bytes(), "a/up");
  expect_refused(TarBuilder().hard_link("up", "../x").bytes(), "up");
  expect_refused(TarBuilder().hard_link("up", "/etc/passwd").bytes(), "up");
}

TEST_F(TarStaging, RefusesLinksThatLeaveByWayOfLinks) {
  EXPECT_TRUE(make_folders(folder_.at("code")).ok());
  const std::string bytes = TarBuilder()
                                .folder("a/b/c")
                                .link("a/b/c/root", "../../..")
                                .link("a/b/c/out", "root/../../")
                                .bytes();
  const Result<TarTotals> outcome = unpack(bytes);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("a/b/c/out"), std::string::npos)
      << outcome.error().message;
}

TEST_F(TarStaging, RefusesASecondNameOfASymbolicLink) {
  expect_refused(
      TarBuilder().folder("a/b").link("a/b/l", "../../x").hard_link("out", "a/b/l").bytes(), "out");
}

TEST_F(TarStaging, WritesNothingThroughALink) {
  expect_refused(TarBuilder().folder("real").link("linked", "real").file("linked/x", "1").bytes(),
                 "linked/x");
  EXPECT_FALSE(exists(folder_.at("code/real/x")));
}

TEST_F(TarStaging, RefusesDevicesAndFifos) {
  expect_refused(TarBuilder().fifo("pipe").bytes(), "pipe");
}

TEST_F(TarStaging, RefusesWhatGrowsWithoutBound) {
  const std::string zeros(4 << 20, '\0');
  const std::string bomb = TarBuilder().file("zeros", zeros).bytes();
  expect_refused(bomb, "zeros", ErrorCode::kLimitExceeded, {.bytes = 1 << 20});
  expect_refused(bomb, "times its own size", ErrorCode::kLimitExceeded,
                 {.ratio = 100, .ratio_from_bytes = 1 << 20});
  EXPECT_TRUE(unpack(bomb).ok());
  expect_refused(TarBuilder().file("a", "").file("b", "").file("c", "").bytes(), "2 members",
                 ErrorCode::kLimitExceeded, {.members = 2});
}

TEST_F(TarStaging, RefusesWhatIsNoArchive) {
  expect_refused("", "empty");
  expect_refused("print('hello')\n", "not a tar archive");
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 100'000; ++i)
    noise += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  std::string cut = TarBuilder().file("a", noise).bytes();
  cut.resize(cut.size() / 2);
  EXPECT_FALSE(unpack(cut).ok());
}

TEST_F(TarStaging, RefusesAFolderReplacedByAFile) {
  expect_refused(TarBuilder().folder("a").file("a", "x").bytes(), "'a'");
}

TEST_F(TarStaging, SaysWhyItsSourceBroke) {
  class Broken final : public net::ByteSource {
    Result<std::size_t> read(std::span<char>) override { return unavailable("bucket 'b': gone"); }
  } broken;
  const Result<TarTotals> outcome = unpack_tar(broken, target_);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "bucket 'b': gone");
}

}  // namespace
}  // namespace clary::host
