// Models fetched from folders, archives and a store.
#include "serving/model_source.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/files.h"
#include "base/subprocess.h"
#include "base/temporary_folder.h"
#include "objects/memory_store.h"
#include "serving/fork_server.h"
#include "serving/payload.h"
#include "serving/scratch_folder.h"

namespace clary::serving {
namespace {

class ModelSourceTest : public testing::Test {
 protected:
  ModelSourceTest() {
    write("model/model.pth", "weights");
    write("model/code/inference.py", "def model_fn(d): pass");
    EXPECT_TRUE(make_folders(target_).ok());
    EXPECT_TRUE(store_->create_bucket({BucketName("b"), {}, Region("us-east-1")}).ok());
  }

  std::string at(std::string_view name) const { return path_join(folder_.path(), name); }
  void write(std::string_view name, std::string_view bytes) const {
    ASSERT_TRUE(make_folders(folder_of(at(name))).ok());
    ASSERT_TRUE(write_file_atomically(at(name), bytes).ok());
  }
  std::string packed() const {
    const auto done =
        run_subprocess({.command = {"tar", "-czf", at("model.tar.gz"), "-C", at("model"), "."}});
    EXPECT_TRUE(done.ok() && done->exit_code == 0);
    return at("model.tar.gz");
  }
  void put(const std::string& key, std::string_view bytes) {
    auto writer = store_->put({.bucket = BucketName("b"), .key = ObjectKey(key)});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->write(bytes).ok());
    ASSERT_TRUE((*writer)->finish().ok());
  }
  Status stage(const std::string& source) {
    const StoreOpener opener = [this]() -> Result<std::unique_ptr<objects::ObjectStore>> {
      return std::unique_ptr<objects::ObjectStore>(std::move(store_));
    };
    return stage_model(source, target_, opener, stop_.get_token());
  }
  std::string staged(std::string_view name) const {
    return read_file(path_join(target_, name)).value_or("<absent>");
  }

  TemporaryFolder folder_;
  std::string target_ = at("target");
  SystemClock clock_;
  CountingIds ids_;
  std::unique_ptr<objects::MemoryStore> store_ =
      std::make_unique<objects::MemoryStore>(clock_, ids_);
  std::stop_source stop_;
};

TEST_F(ModelSourceTest, AFolderStaysWhereItIs) {
  EXPECT_TRUE(stage(at("model")).ok());
  EXPECT_EQ(staged_folder(at("model"), target_), real_path(at("model")).value());
  EXPECT_TRUE(list_folder(target_)->empty());
}

TEST_F(ModelSourceTest, AnArchiveIsUnpacked) {
  const Status done = stage(packed());
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(staged("model.pth"), "weights");
  EXPECT_EQ(staged("code/inference.py"), "def model_fn(d): pass");
  EXPECT_EQ(staged_folder(at("model.tar.gz"), target_), target_);
}

TEST_F(ModelSourceTest, AnArchiveInAStoreIsUnpacked) {
  put("jobs/1/model.tar.gz", read_file(packed()).value());
  const Status done = stage("s3://b/jobs/1/model.tar.gz");
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(staged("model.pth"), "weights");
}

TEST_F(ModelSourceTest, APrefixOfAStoreBecomesAFolder) {
  put("m/model.pth", "weights");
  put("m/code/inference.py", "code");
  put("m/code/", "");
  put("many/other", "x");
  const Status done = stage("s3://b/m");
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(staged("model.pth"), "weights");
  EXPECT_EQ(staged("code/inference.py"), "code");
  EXPECT_EQ(*list_folder(target_), (std::vector<std::string>{"code", "model.pth"}));
}

TEST_F(ModelSourceTest, AKeyThatLeavesTheFolderIsRefused) {
  put("m/../../evil", "x");
  EXPECT_FALSE(stage("s3://b/m/").ok());
  EXPECT_FALSE(exists(at("evil")));
}

TEST_F(ModelSourceTest, WhatIsNotThereAndWhatIsNotServedSaySo) {
  EXPECT_EQ(stage(at("absent")).error().code, ErrorCode::kNotFound);
  write("model.gguf", "x");
  const Status other = stage(at("model.gguf"));
  EXPECT_EQ(other.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(other.error().message.find("model.gguf"), std::string::npos);
  write("model.mar", "PK");
  EXPECT_EQ(stage(at("model.mar")).error().code, ErrorCode::kInvalidArgument);
  write("broken.tar.gz", "not a tar");
  EXPECT_EQ(stage(at("broken.tar.gz")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(stage("s3://b/nothing/").error().code, ErrorCode::kNotFound);
}

TEST_F(ModelSourceTest, AModelArchiveIsUnpacked) {
  // A zip with one stored member, MAR-INF/MANIFEST.json: "{}".
  const std::string name = "MAR-INF/MANIFEST.json";
  std::string archive("PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0", 14);
  archive += std::string("\x43\xbf\xa6\xa3\x02\0\0\0\x02\0\0\0\x15\0\0\0", 16) + name + "{}";
  archive += "PK\x05\x06" + std::string(18, '\0');
  write("model.mar", archive);
  const Status done = stage(at("model.mar"));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(staged("MAR-INF/MANIFEST.json"), "{}");
}

TEST_F(ModelSourceTest, AModelThatIsOneFileStandsInAFolder) {
  write("lenet.pt", "script");
  ASSERT_TRUE(stage(at("lenet.pt")).ok());
  EXPECT_EQ(staged("lenet.pt"), "script");
  EXPECT_EQ(staged_folder(at("lenet.pt"), target_), target_);
}

TEST_F(ModelSourceTest, AModelThatIsOneObjectStandsInAFolder) {
  put("models/small.onnx", "graph");
  ASSERT_TRUE(stage("s3://b/models/small.onnx").ok());
  EXPECT_EQ(staged("small.onnx"), "graph");
}

TEST_F(ModelSourceTest, EndsWhenItShallStop) {
  const std::string archive = packed();
  stop_.request_stop();
  EXPECT_EQ(stage(archive).error().code, ErrorCode::kCancelled);
}

TEST(ScratchFolder, IsRemovedAndSoIsWhatAKilledRunLeft) {
  const TemporaryFolder parent;
  CountingIds ids;
  ASSERT_TRUE(make_folders(path_join(parent.path(), "left/behind")).ok());
  std::string path;
  {
    const auto first = ScratchFolder::make_in(parent.path(), ids);
    ASSERT_TRUE(first.ok()) << first.error().message;
    path = first->path();
    EXPECT_EQ(list_folder(parent.path())->size(), 1U);
    const auto second = ScratchFolder::make_in(parent.path(), ids);
    ASSERT_TRUE(second.ok());
    EXPECT_TRUE(exists(path)) << "one in use was taken for abandoned";
  }
  EXPECT_TRUE(list_folder(parent.path())->empty());
}

TEST(Payload, MovesToSharedMemoryWhenItGrows) {
  Payload payload;
  const std::string piece(Payload::kSharedFromBytes / 2, 'x');
  ASSERT_TRUE(payload.append(piece).ok());
  EXPECT_FALSE(payload.is_shared());
  ASSERT_TRUE(payload.append(piece).ok());
  EXPECT_TRUE(payload.is_shared());
  ASSERT_TRUE(payload.append("end").ok());
  EXPECT_EQ(payload.size(), Payload::kSharedFromBytes + 3);
  EXPECT_EQ(payload.to_text().value_or(""), piece + piece + "end");
  net::Reply reply;
  std::move(payload).move_into(reply);
  EXPECT_EQ(reply.source_length, Payload::kSharedFromBytes + 3);
}

TEST(WorkerEnding, IsSaidInWords) {
  EXPECT_EQ(ending_in_words("exit 3"), "exit status 3");
  EXPECT_EQ(ending_in_words("signal 11"), "SIGSEGV");
  EXPECT_NE(ending_in_words("signal 9").find("SIGKILL"), std::string::npos);
  EXPECT_EQ(ending_in_words("nonsense"), "nonsense");
}

}  // namespace
}  // namespace clary::serving
