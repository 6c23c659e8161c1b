// Model archives and other zips that somebody else made.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "archives/byte_sources.h"
#include "archives/tar_staging.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "base/test_bytes.h"

namespace clary::archives {
namespace {

la_ssize_t append_zip(archive*, void* context, const void* bytes, size_t size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

class ZipBuilder {
 public:
  ZipBuilder() : writer_(archive_write_new()) {
    archive_write_set_format_zip(writer_);
    archive_write_set_bytes_in_last_block(writer_, 1);
    archive_write_open(writer_, &bytes_, nullptr, append_zip, nullptr);
  }
  ZipBuilder(const ZipBuilder&) = delete;
  ZipBuilder& operator=(const ZipBuilder&) = delete;
  ~ZipBuilder() { archive_write_free(writer_); }

  ZipBuilder& file(const char* path, const std::string& text) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_write_header(writer_, entry);
    archive_write_data(writer_, text.data(), text.size());
    archive_entry_free(entry);
    return *this;
  }
  std::string bytes() {
    archive_write_close(writer_);
    return bytes_;
  }

 private:
  archive* writer_;
  std::string bytes_;
};

class ZipStaging : public testing::Test {
 protected:
  ZipStaging() { EXPECT_TRUE(make_folders(target_).ok()); }

  Result<TarTotals> unpack(std::string bytes, const TarLimits& limits = {}) {
    const auto source = memory_source(std::move(bytes));
    return unpack_zip(*source, target_, limits);
  }
  std::string at(const char* name) const {
    return read_file(path_join(target_, name)).value_or("<absent>");
  }

  TemporaryFolder folder_;
  std::string target_ = path_join(folder_.path(), "target");
};

TEST_F(ZipStaging, UnpacksFilesAndFolders) {
  const auto totals =
      unpack(ZipBuilder().file("MAR-INF/MANIFEST.json", "{}").file("handler.py", "x = 1").bytes());
  ASSERT_TRUE(totals.ok()) << totals.error().message;
  EXPECT_EQ(totals->members, 2U);
  EXPECT_EQ(at("MAR-INF/MANIFEST.json"), "{}");
  EXPECT_EQ(at("handler.py"), "x = 1");
}

TEST_F(ZipStaging, RefusesPathsThatLeave) {
  for (const char* path : {"../evil", "a/../../evil", "/tmp/clary-evil"}) {
    const auto totals = unpack(ZipBuilder().file(path, "x").bytes());
    ASSERT_FALSE(totals.ok()) << path;
    EXPECT_EQ(totals.error().code, ErrorCode::kInvalidArgument) << totals.error().message;
  }
  EXPECT_FALSE(exists(path_join(folder_.path(), "evil")));
}

TEST_F(ZipStaging, RefusesWhatGrowsWithoutBound) {
  const std::string bomb = ZipBuilder().file("zeros", std::string(8 << 20, '\0')).bytes();
  const auto large = unpack(bomb, {.bytes = 1 << 20});
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, ErrorCode::kLimitExceeded) << large.error().message;
  const auto dense = unpack(bomb, {.ratio = 50, .ratio_from_bytes = 1 << 20});
  ASSERT_FALSE(dense.ok());
  EXPECT_EQ(dense.error().code, ErrorCode::kLimitExceeded) << dense.error().message;
  const auto many = unpack(ZipBuilder().file("a", "1").file("b", "2").bytes(), {.members = 1});
  EXPECT_FALSE(many.ok());
}

TEST_F(ZipStaging, RefusesWhatIsNoArchive) {
  for (const std::string& bytes : {std::string(), std::string("PK"), std::string("not a zip")}) {
    const auto totals = unpack(bytes);
    ASSERT_FALSE(totals.ok());
    EXPECT_NE(totals.error().message.find("zip"), std::string::npos) << totals.error().message;
  }
  const std::string whole = ZipBuilder().file("a", noise(100'000)).bytes();
  EXPECT_FALSE(unpack(whole.substr(0, whole.size() / 2)).ok()) << "cut off";
}

}  // namespace
}  // namespace clary::archives
