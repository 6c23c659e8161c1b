#include "archives/tar_staging.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "archives/byte_sources.h"
#include "archives/gunzip_source.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "base/test_bytes.h"

namespace clary::archives {
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
  // Without gzip.
  std::string plain_bytes() {
    const std::string packed = bytes();
    const auto source = memory_source(packed);
    const auto unpacked = gunzip_source(*source);
    std::string tar(1 << 20, '\0');
    tar.resize(unpacked->read(tar).value_or(0));
    return tar;
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

  std::string at(std::string_view name) const { return path_join(folder_.path(), name); }
  std::string read(std::string_view name) const { return read_file(at(name)).value_or("<absent>"); }

  TemporaryFolder folder_;
  std::string target_ = at("code");
};

// As the SageMaker SDK packs a model again: its archive begins with the folder "/".
TEST_F(TarStaging, AFolderCalledSlashIsTheFolderItself) {
  EXPECT_TRUE(unpack(TarBuilder().folder("/").file("model.pth", "w").bytes()).ok());
  EXPECT_EQ(read("code/model.pth"), "w");
  EXPECT_FALSE(unpack(TarBuilder().folder("/etc").bytes()).ok());
}

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
  EXPECT_EQ(read("code/train.py"), "print(1)");
  EXPECT_EQ(read("code/lib/again.py"), "print(1)");
  EXPECT_EQ(read("code/twin.py"), "print(1)");
  EXPECT_EQ(read("code/데이터/é.txt"), "x");
  struct stat found{};
  ASSERT_EQ(::stat((target_ + "/lib/run.sh").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0755U);  // no set-user-id
}

TEST_F(TarStaging, ALaterMemberReplacesAnEarlierOne) {
  ASSERT_TRUE(unpack(TarBuilder().file("a", "1").file("a", "2").bytes()).ok());
  EXPECT_EQ(read("code/a"), "2");
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
  EXPECT_TRUE(make_folders(at("code")).ok());
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
  EXPECT_FALSE(exists(at("code/real/x")));
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
  expect_refused(gzip_of("print('hello')\n"), "not a tar archive");
  expect_refused("\x1f\x8b\x08", "not a tar archive in gzip: not a whole gzip: it ends early");
  std::string cut = TarBuilder().file("a", noise(100'000)).bytes();
  cut.resize(cut.size() / 2);
  expect_refused(cut, "member 'a': not a whole gzip: it ends early");
}

TEST_F(TarStaging, UnpacksGzipAndPlainOfAnyLength) {
  const std::string large = noise(8'000'000);
  ASSERT_TRUE(unpack(TarBuilder().file("a", large).file("b", "end").bytes()).ok());
  EXPECT_TRUE(read("code/a") == large);
  EXPECT_EQ(read("code/b"), "end");
  ASSERT_TRUE(unpack(TarBuilder().file("c", "plain").plain_bytes()).ok());
  EXPECT_EQ(read("code/c"), "plain");
}

TEST_F(TarStaging, AGzipMayHaveSeveralMembersAndAnythingAfterThem) {
  const std::string tar = TarBuilder().file("a", "one").file("b", "two").plain_bytes();
  const std::string whole = gzip_of(tar.substr(0, 700)) + gzip_of("") + gzip_of(tar.substr(700));
  for (const std::string& after : {std::string(), std::string(1000, '\0'), std::string("\x1f\x8b"),
                                   std::string("garbage that is no gzip")}) {
    ASSERT_TRUE(unpack(whole + after).ok()) << after;
    EXPECT_EQ(read("code/b"), "two");
    ASSERT_TRUE(remove_tree(at("code/b")).ok());
  }
}

TEST_F(TarStaging, VerifiesTheGzipsChecksumAndLength) {
  const std::string good = gzip_of(TarBuilder().file("a", noise(1000)).plain_bytes());
  ASSERT_TRUE(unpack(good).ok());
  for (std::size_t back = 1; back <= 8; ++back) {
    std::string bad = good;
    bad[bad.size() - back] = static_cast<char>(bad[bad.size() - back] ^ 1);
    expect_refused(bad, "incorrect checksum or length");
    expect_refused(good.substr(0, good.size() - back), "not a whole gzip: it ends early");
  }
}

TEST_F(TarStaging, RefusesWhatGrowsWithoutBoundAfterItsEnd) {
  const std::string tar = TarBuilder().file("a", "x").plain_bytes() + std::string(4 << 20, '\0');
  expect_refused(gzip_of(tar), "after the last member", ErrorCode::kLimitExceeded,
                 {.bytes = 1 << 20});
  expect_refused(gzip_of(tar), "times its own size", ErrorCode::kLimitExceeded,
                 {.ratio = 100, .ratio_from_bytes = 1 << 20});
  EXPECT_TRUE(unpack(gzip_of(tar)).ok());
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

TEST_F(TarStaging, SaysWhyItsSourceBrokeInTheMiddle) {
  class Breaking final : public net::ByteSource {
   public:
    explicit Breaking(std::string bytes) : source_(memory_source(std::move(bytes))) {}
    Result<std::size_t> read(std::span<char> into) override {
      const Result<std::size_t> got =
          source_->read(into.first(std::min<std::size_t>(into.size(), 5000)));
      if (got.ok() && *got == 0) return unavailable("bucket 'b': gone");
      return got;
    }

   private:
    std::unique_ptr<net::ByteSource> source_;
  };
  std::string cut = TarBuilder().file("a", noise(3'000'000)).bytes();
  cut.resize(cut.size() / 2);
  Breaking source(cut);
  const Result<TarTotals> outcome = unpack_tar(source, target_);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "bucket 'b': gone");
}

}  // namespace
}  // namespace clary::archives
