#include "host/tar_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archives/byte_sources.h"
#include "archives/gunzip_source.h"
#include "archives/tar_staging.h"
#include "base/test_bytes.h"
#include "host/job_tree.h"
#include "host/test_folder.h"

namespace clary::host {
namespace {

class TarWriter : public testing::Test {
 protected:
  Result<std::string> archive(const TarWriterLimits& limits = {}) {
    std::string bytes;
    const Result<Fd> folder = open_inside(folder_.path(), "model", O_RDONLY | O_DIRECTORY);
    const Status written = write_tar_gz(
        folder.ok() ? *folder : none_, "model",
        [&](std::string_view piece) {
          bytes += piece;
          return Status();
        },
        limits);
    if (!written.ok()) return written.error();
    return bytes;
  }
  // What unpacking the archive gives.
  std::vector<std::string> unpacked() {
    EXPECT_TRUE(make_folders(folder_.at("out")).ok());
    const Result<archives::TarTotals> totals =
        archives::unpack_tar(*archives::memory_source(archive().value_or("")), folder_.at("out"));
    EXPECT_TRUE(totals.ok()) << (totals.ok() ? "" : totals.error().message);
    return list_folder(folder_.at("out")).value_or({});
  }
  Fd none_;
  TestFolder folder_;
};

TEST_F(TarWriter, PutsTheContentsAtTheRoot) {
  folder_.write("model/model.pth", std::string(1 << 20, 'w'));
  folder_.write("model/code/inference.py", "x", 0755);
  folder_.write("model/데이터.txt", "한글");
  folder_.write("model/" + std::string(200, 'n'), "long");
  ASSERT_EQ(::symlink("model.pth", folder_.at("model/latest").c_str()), 0);
  EXPECT_EQ(unpacked(), (std::vector<std::string>{"code", "latest", "model.pth",
                                                  std::string(200, 'n'), "데이터.txt"}));
  EXPECT_EQ(folder_.read("out/latest").size(), 1U << 20);
  EXPECT_EQ(folder_.read("out/데이터.txt"), "한글");
  struct stat found{};
  ASSERT_EQ(::stat(folder_.at("out/code/inference.py").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0755U);
}

TEST_F(TarWriter, NamesInUtf8NeedNoWordThatTarWouldWarnOf) {
  folder_.write("model/데이터.txt", "x");
  folder_.write("model/" + std::string(200, 'n'), "long");
  const auto words = [&] {
    const auto packed = archives::memory_source(archive().value_or(""));
    const auto source = archives::gunzip_source(*packed);
    std::string tar(1 << 20, '\0');
    std::size_t size = 0;
    while (const std::size_t got = source->read({tar.data() + size, tar.size() - size}).value_or(0))
      size += got;
    return tar.substr(0, size);
  };
  EXPECT_NE(words().find("path=데이터.txt"), std::string::npos);
  EXPECT_EQ(words().find("hdrcharset"), std::string::npos);
  folder_.write("model/\xff", "bytes");
  EXPECT_NE(words().find("\xff"), std::string::npos) << "a name may be any bytes";
}

TEST_F(TarWriter, MakesAnEmptyArchive) {
  const Result<std::string> bytes = archive();
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(bytes->starts_with("\x1f\x8b"));
  EXPECT_TRUE(unpacked().empty());
}

TEST_F(TarWriter, LeavesOutWhatIsNeitherFileNorFolder) {
  folder_.write("model/a", "1");
  ASSERT_EQ(::mkfifo(folder_.at("model/pipe").c_str(), 0600), 0);
  EXPECT_EQ(unpacked(), std::vector<std::string>{"a"});
}

TEST_F(TarWriter, FollowsNoLink) {
  folder_.write("secret/key", "s");
  ASSERT_TRUE(make_folders(folder_.at("model")).ok());
  ASSERT_EQ(::symlink("../secret", folder_.at("model/open").c_str()), 0);
  const Result<std::string> bytes = archive();
  ASSERT_TRUE(bytes.ok());
  ASSERT_TRUE(make_folders(folder_.at("out")).ok());
  // The link itself is in the archive; that it leads out is the reader's to refuse.
  EXPECT_FALSE(archives::unpack_tar(*archives::memory_source(*bytes), folder_.at("out")).ok());
  EXPECT_FALSE(exists(folder_.at("out/open/key")));
}

TEST_F(TarWriter, IsTheSameForTheSameTree) {
  folder_.write("model/a", "1");
  folder_.write("model/b/c", "2");
  EXPECT_EQ(archive().value(), archive().value());
}

TEST_F(TarWriter, StopsAtItsLimits) {
  folder_.write("model/a/b/c/d", "1");
  EXPECT_EQ(archive({.depth = 2}).error().code, ErrorCode::kLimitExceeded);
  folder_.write("model/big", std::string(2000, 'x'));
  EXPECT_EQ(archive({.bytes = 1000}).error().code, ErrorCode::kLimitExceeded);
}

TEST_F(TarWriter, GivesTheSinksError) {
  folder_.write("model/big", std::string(1 << 20, 'x'));
  const Result<Fd> folder = open_inside(folder_.path(), "model", O_RDONLY | O_DIRECTORY);
  const Status written = write_tar_gz(*folder, "model", [](std::string_view) -> Status {
    return not_found("bucket 'b': not there");
  });
  EXPECT_EQ(written.error().message, "bucket 'b': not there");
}

TEST_F(TarWriter, GivesTheErrorOfASinkThatIsSlowerThanTheFolder) {
  folder_.write("model/weights", noise(24 << 20));
  const Result<Fd> folder = open_inside(folder_.path(), "model", O_RDONLY | O_DIRECTORY);
  int calls = 0;
  const Status written = write_tar_gz(*folder, "model", [&calls](std::string_view) -> Status {
    return ++calls < 5 ? Status() : unavailable("the server is away");
  });
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message, "the server is away");
  EXPECT_EQ(calls, 5) << "nothing is given to a sink after its error";
}

TEST_F(TarWriter, KeepsALargeFileWhole) {
  const std::string weights = noise(24 << 20);
  folder_.write("model/weights", weights);
  EXPECT_EQ(unpacked(), std::vector<std::string>{"weights"});
  EXPECT_TRUE(folder_.read("out/weights") == weights);
}

TEST(JobTree, ReadsAndWritesWithoutFollowingLinks) {
  const TestFolder folder;
  folder.write("etc/failure", "other people's");
  folder.write("ml/output/failure", "mine");
  EXPECT_EQ(read_inside(folder.at("ml"), "output/failure", 2).value(), "mi");
  EXPECT_EQ(read_inside(folder.at("ml"), "output/none", 2).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(remove_tree(folder.at("ml/output")).ok());
  ASSERT_EQ(::symlink("../etc", folder.at("ml/output").c_str()), 0);
  EXPECT_EQ(read_inside(folder.at("ml"), "output/failure", 100).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(write_inside(folder.at("ml"), "output/failure", "x").ok());
  EXPECT_EQ(folder.read("etc/failure"), "other people's");
  EXPECT_FALSE(open_inside(folder.at("ml"), "../etc/failure", O_RDONLY).ok());
}

TEST(JobTree, ReplacesALinkByTheFile) {
  const TestFolder folder;
  folder.write("etc/passwd", "p");
  ASSERT_TRUE(make_folders(folder.at("ml/output")).ok());
  ASSERT_EQ(::symlink("../../etc/passwd", folder.at("ml/output/success").c_str()), 0);
  ASSERT_TRUE(write_inside(folder.at("ml"), "output/success", "").ok());
  EXPECT_EQ(folder.read("etc/passwd"), "p");
  EXPECT_EQ(folder.read("ml/output/success"), "");
}

TEST(JobTree, DoesNotWaitForAFifo) {
  const TestFolder folder;
  ASSERT_EQ(::mkfifo(folder.at("failure").c_str(), 0600), 0);
  EXPECT_FALSE(read_inside(folder.path(), "failure", 100).ok());
}

}  // namespace
}  // namespace clary::host
