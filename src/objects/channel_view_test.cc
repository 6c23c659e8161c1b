#include "objects/channel_view.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

class ChannelViewsTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    make_bucket();
  }
  void open(ViewLimits limits = {}) {
    views_.reset();
    views_ = std::move(ChannelViews::open(*store_, root(), limits)).value();
  }
  std::string root() const { return folder_.path() + "/views"; }
  void make_bucket() {
    ASSERT_TRUE(store_->create_bucket({BucketName("b"), {}, Region("us-east-1")}).ok());
  }

  void put(const std::string& key, std::string_view bytes) {
    auto writer =
        std::move(store_->put({.bucket = BucketName("b"), .key = ObjectKey(key)})).value();
    ASSERT_TRUE(writer->write(bytes).ok());
    ASSERT_TRUE(writer->finish().ok());
  }
  void remove(const std::string& key) {
    ASSERT_TRUE(store_->remove(BucketName("b"), ObjectKey(key)).ok());
  }
  Result<std::string> hold(const std::string& prefix, const std::string& gang = "g1") {
    return views_->hold({BucketName("b"), prefix}, GangId(gang));
  }
  // Relative paths of all files.
  static std::vector<std::string> files_of(const std::string& folder) {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) out.push_back(std::filesystem::relative(entry.path(), folder));
    }
    return out;
  }
  std::size_t views_on_disk() const {
    const std::vector<std::string> names = list_folder(root()).value_or({});
    return static_cast<std::size_t>(
        std::count_if(names.begin(), names.end(), [](const auto& n) { return n != "boot"; }));
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_ =
      std::move(DirectoryStore::open(folder_.path() + "/objects", clock_, ids_)).value();
  std::unique_ptr<ChannelViews> views_;
};

TEST_F(ChannelViewsTest, ShowsTheObjectsOfAStringPrefix) {
  const std::string large = sample_bytes(100'000);
  put("p/train/x/y.csv", "y");
  put("p/train/large", large);
  put("p/train/marker/", "");
  put("p/train_2/b", "b");
  put("p/other", "o");
  const std::string folder = *hold("p/train");
  EXPECT_THAT(files_of(folder), UnorderedElementsAre("x/y.csv", "large", "train_2/b"));
  EXPECT_EQ(*read_file(folder + "/x/y.csv"), "y");
  EXPECT_EQ(*read_file(folder + "/large"), large);
  EXPECT_THAT(files_of(*hold("p/train/")), UnorderedElementsAre("x/y.csv", "large"));
  EXPECT_THAT(files_of(*hold("p/other")), UnorderedElementsAre("other"));
}

TEST_F(ChannelViewsTest, LargeBodiesAreLinksNotCopies) {
  put("p/large", sample_bytes(100'000));
  struct stat found{};
  ASSERT_EQ(::stat((*hold("p/") + "/large").c_str(), &found), 0);
  EXPECT_EQ(found.st_nlink, 2U);
}

TEST_F(ChannelViewsTest, IsMadeOnceWhileNothingUnderThePrefixChanges) {
  put("p/a", "1");
  const std::string first = *hold("p/");
  EXPECT_EQ(*hold("p/", "g2"), first);
  put("elsewhere", "2");
  EXPECT_EQ(*hold("p/", "g3"), first);
  put("p/a", "2");
  const std::string second = *hold("p/");
  EXPECT_NE(second, first);
  EXPECT_EQ(*read_file(second + "/a"), "2");
  EXPECT_EQ(*read_file(first + "/a"), "1") << "a view that is held does not change";
  put("p/b", "3");
  remove("p/b");
  EXPECT_EQ(*hold("p/"), second);
  remove("p/a");
  put("p/b", "4");
  EXPECT_THAT(files_of(*hold("p/")), UnorderedElementsAre("b"));
}

TEST_F(ChannelViewsTest, ABucketMadeAgainShowsItsOwnObjects) {
  put("p/a", "1");
  const std::string first = *hold("p/");
  remove("p/a");
  ASSERT_TRUE(store_->remove_bucket(BucketName("b")).ok());
  make_bucket();
  put("p/a", "2");
  EXPECT_EQ(*read_file(*hold("p/") + "/a"), "2");
}

TEST_F(ChannelViewsTest, NothingUnderThePrefixIsNotFound) {
  EXPECT_EQ(hold("p/").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(views_->hold({BucketName("none"), ""}, GangId("g")).error().code, ErrorCode::kNotFound);
}

TEST_F(ChannelViewsTest, KeysThatCannotBeFilesAreNamed) {
  const std::vector<std::vector<std::string>> cases = {
      {"p/../../etc/passwd"},         {"p//x"},        {"p/a", "p/a/b"}, {"p/./x"},
      {"p/" + std::string(300, 'n')}, {"p/d/", "p/.."}};
  for (const auto& keys : cases) {
    for (const std::string& key : keys) put(key, "x");
    const Result<std::string> folder = hold("p/");
    ASSERT_FALSE(folder.ok()) << keys.back();
    EXPECT_EQ(folder.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(folder.error().message, HasSubstr("object 'p/"));
    for (const std::string& key : keys) remove(key);
  }
  EXPECT_EQ(views_on_disk(), 0U);
  EXPECT_FALSE(exists(folder_.path() + "/etc"));
}

TEST_F(ChannelViewsTest, UnusedViewsAreKeptWithinLimits) {
  open({.views = 1});
  for (const char* key : {"1/a", "2/a", "3/a"}) put(key, key);
  const std::string held = *hold("1/", "long");
  ASSERT_TRUE(hold("2/", "g2").ok());
  ASSERT_TRUE(hold("3/", "g3").ok());
  EXPECT_EQ(views_on_disk(), 3U);
  ASSERT_TRUE(views_->release(GangId("g2")).ok());
  ASSERT_TRUE(views_->release(GangId("g3")).ok());
  EXPECT_EQ(views_on_disk(), 2U);
  EXPECT_EQ(*read_file(held + "/a"), "1/a");
  EXPECT_TRUE(views_->release(GangId("nobody")).ok());
  EXPECT_EQ(*read_file(*hold("2/") + "/a"), "2/a") << "an evicted view is made again";
}

TEST_F(ChannelViewsTest, HoldsOutliveARestart) {
  put("p/a", "1");
  put("q/a", "2");
  const std::string held = *hold("p/", "running");
  ASSERT_TRUE(hold("q/", "ended").ok());
  ASSERT_TRUE(views_->release(GangId("ended")).ok());
  ASSERT_TRUE(make_folders(root() + "/tmp.half/tree").ok());
  open({.views = 0});
  EXPECT_FALSE(exists(root() + "/tmp.half"));
  ASSERT_TRUE(views_->release(GangId("nobody")).ok());
  EXPECT_EQ(*read_file(held + "/a"), "1");
  EXPECT_EQ(views_on_disk(), 1U);
  EXPECT_EQ(*hold("p/", "another"), held);
  ASSERT_TRUE(views_->release(GangId("running")).ok());
  EXPECT_TRUE(exists(held));
  ASSERT_TRUE(views_->release(GangId("another")).ok());
  EXPECT_FALSE(exists(held));
}

TEST_F(ChannelViewsTest, AnEarlierBootsViewsAreMadeAnew) {
  put("p/a", "1");
  const std::string held = *hold("p/");
  ASSERT_TRUE(write_file_atomically(root() + "/boot", "another boot\n").ok());
  ASSERT_TRUE(write_file_atomically(held + "/a", "cut short").ok());
  open();
  EXPECT_EQ(*read_file(*hold("p/") + "/a"), "1");
}

TEST_F(ChannelViewsTest, ManyHoldersMakeOneView) {
  for (int i = 0; i < 300; ++i) put("p/" + std::to_string(i), "x");
  std::vector<std::string> folders(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < folders.size(); ++t) {
    threads.emplace_back(
        [&, t] { folders[t] = hold("p/", "g" + std::to_string(t)).value_or("failed"); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(folders, testing::Each(folders[0]));
  EXPECT_EQ(files_of(folders[0]).size(), 300U);
}

}  // namespace
}  // namespace clary::objects
