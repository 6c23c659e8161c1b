// A DirectoryStore whose process dies at each change of its disk in turn, and one whose disk
// refuses changes: what was answered is whole, what was not is there whole or not at all, and
// nothing is left lying about.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "base/files.h"
#include "base/pipe.h"
#include "base/text_encoding.h"
#include "objects/directory_store.h"
#include "objects/fake_disk.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsSubsetOf;

// Every change of the disk; under a sanitizer, where each of these stores lives ten times as long,
// every n-th: CLARY_TEST_STRIDE.
std::uint64_t stride() {
  static const char* const set = std::getenv("CLARY_TEST_STRIDE");
  return set == nullptr ? 1 : std::strtoull(set, nullptr, 10);
}

std::string large(unsigned seed) { return sample_bytes(30'000, seed); }

// In memory, where there is such a place: hundreds of stores are made and synced.
class Folder {
 public:
  Folder() {
    path_ = (exists("/dev/shm") ? "/dev/shm/" : testing::TempDir()) + "clary-disk-XXXXXX";
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { EXPECT_TRUE(remove_tree(path_).ok()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Whether a part says its length before it comes: then it is written where it will stand.
enum class Length { kUnknown, kAnnounced };

// A store in a folder of its own, with two objects in it.
class StoreOnDisk {
 public:
  StoreOnDisk() {
    EXPECT_TRUE(open().ok());
    EXPECT_TRUE(store_->create_bucket({kBucket, {}, Region("us-east-1")}).ok());
    EXPECT_TRUE(put("kept", large(1)).ok());
    EXPECT_TRUE(put("kept small", "x").ok());
  }

  Status open() {
    store_.reset();
    CLARY_TRY(store_, DirectoryStore::open(root(), clock_, ids_,
                                           {.inline_bytes = 1000, .min_part_bytes = 1}));
    return {};
  }
  void close() { store_.reset(); }
  std::string root() const { return folder_.path() + "/objects"; }

  Status put(const std::string& key, std::string_view bytes) {
    CLARY_TRY(const auto writer, store_->put({.bucket = kBucket, .key = ObjectKey(key)}));
    CLARY_RETURN_IF_ERROR(writer->write(bytes));
    CLARY_RETURN_IF_ERROR(writer->finish());
    return {};
  }
  Result<UploadId> begin_upload(const std::string& key) {
    return store_->begin_upload({.bucket = kBucket, .key = ObjectKey(key)});
  }
  Result<CompletedPart> put_part(const std::string& key, const UploadId& upload, int number,
                                 const std::string& bytes, Length length) {
    PutRequest request{.bucket = kBucket, .key = ObjectKey(key)};
    if (length == Length::kAnnounced) request.announced_bytes = bytes.size();
    CLARY_TRY(const auto writer, store_->put_part(request, upload, number));
    CLARY_RETURN_IF_ERROR(writer->write(bytes));
    CLARY_TRY(const ObjectHead head, writer->finish());
    return CompletedPart{number, head.etag, std::nullopt};
  }
  Status complete(const std::string& key, const UploadId& upload,
                  std::vector<CompletedPart> parts) {
    CLARY_RETURN_IF_ERROR(store_->complete_upload(
        {.bucket = kBucket, .key = ObjectKey(key), .upload = upload, .parts = std::move(parts)}));
    return {};
  }
  Status put_in_parts(const std::string& key, const std::vector<std::string>& bytes,
                      Length length) {
    CLARY_TRY(const UploadId upload, begin_upload(key));
    std::vector<CompletedPart> parts;
    for (const std::string& part : bytes) {
      const int number = static_cast<int>(parts.size()) + 1;
      CLARY_TRY(CompletedPart put, put_part(key, upload, number, part, length));
      parts.push_back(std::move(put));
    }
    return complete(key, upload, std::move(parts));
  }
  std::vector<CompletedPart> parts_of(const std::string& key, const UploadId& upload) {
    const auto page =
        store_->list_parts({.bucket = kBucket, .key = ObjectKey(key), .upload = upload});
    EXPECT_TRUE(page.ok()) << page.error().message;
    std::vector<CompletedPart> parts;
    for (const ObjectPart& part : page->parts)
      parts.push_back({part.number, part.etag, std::nullopt});
    return parts;
  }
  Status copy(const std::string& from, const std::string& key) {
    CLARY_TRY(const ObjectHead head, store_->head(kBucket, ObjectKey(from)));
    CLARY_RETURN_IF_ERROR(store_->copy({.from_bucket = kBucket,
                                        .from_key = ObjectKey(from),
                                        .from_etag = head.etag,
                                        .to = {.bucket = kBucket, .key = ObjectKey(key)}}));
    return {};
  }
  Status remove(const std::string& key) { return store_->remove(kBucket, ObjectKey(key)); }

  Result<std::string> read(const std::string& key) {
    CLARY_TRY(const ObjectBody body, store_->get(kBucket, ObjectKey(key), std::nullopt));
    return drain(*body.bytes);
  }
  std::set<std::string> keys() {
    const auto page = store_->list({.bucket = kBucket});
    EXPECT_TRUE(page.ok()) << page.error().message;
    std::set<std::string> keys;
    for (const ObjectHead& head : page->objects) keys.insert(head.key.value());
    return keys;
  }

  // The store takes everything away, and its folder is as it was at first.
  void expect_no_orphans() {
    for (const std::string& key : keys()) EXPECT_TRUE(remove(key).ok());
    const auto uploads = store_->list_uploads({.bucket = kBucket});
    ASSERT_TRUE(uploads.ok());
    for (const PendingUpload& upload : uploads->uploads)
      EXPECT_TRUE(store_->abort_upload(kBucket, upload.key, upload.id).ok());
    for (const std::string& folder : names_in("bodies"))
      EXPECT_THAT(names_in("bodies/" + folder), testing::IsEmpty());
    EXPECT_THAT(names_in("tmp"), testing::IsEmpty());
    EXPECT_THAT(names_in(""), IsSubsetOf({"bodies", "index.db", "index.db-shm", "index.db-wal",
                                          "lock", "tmp", "unclean"}));
  }

 private:
  std::vector<std::string> names_in(const std::string& folder) const {
    return list_folder(path_join(root(), folder)).value_or({});
  }

  static inline const BucketName kBucket{"b"};
  Folder folder_;
  ManualClock clock_;
  RandomIds ids_;
  std::unique_ptr<DirectoryStore> store_;
};

// One thing that is asked of a store, and what it makes of one object: its bytes, or nothing.
struct Deed {
  std::string key;
  std::optional<std::string> bytes;
  std::function<Status(StoreOnDisk&)> run;
};

Deed puts(const std::string& key, const std::string& bytes) {
  return {key, bytes, [=](StoreOnDisk& store) { return store.put(key, bytes); }};
}

// A life that touches every kind of change.
std::vector<Deed> deeds() {
  return {puts("small", "one"),
          puts("large", large(2)),
          puts("large", large(3)),
          puts("kept small", "y"),
          {"joined", large(4) + large(5),
           [](StoreOnDisk& store) {
             return store.put_in_parts("joined", {large(4), large(5)}, Length::kUnknown);
           }},
          {"in place", large(7) + large(8) + "end",
           [](StoreOnDisk& store) {
             return store.put_in_parts("in place", {large(7), large(8), "end"}, Length::kAnnounced);
           }},
          {"copied", large(1), [](StoreOnDisk& store) { return store.copy("kept", "copied"); }},
          {"large", std::nullopt, [](StoreOnDisk& store) { return store.remove("large"); }},
          puts("last", large(6))};
}

// What each object may be, by what was answered.
class Expected {
 public:
  Expected() : may_be_{{"kept", {large(1)}}, {"kept small", {"x"}}} {}

  void answered(const Deed& deed) { may_be_[deed.key] = {deed.bytes}; }
  void unanswered(const Deed& deed) {
    const auto added = may_be_.try_emplace(deed.key).first;
    if (added->second.empty()) added->second.insert(std::nullopt);
    added->second.insert(deed.bytes);
  }
  void check(StoreOnDisk& store) const {
    for (const auto& [key, bytes] : may_be_) {
      const Result<std::string> found = store.read(key);
      if (found.ok()) {
        EXPECT_TRUE(bytes.contains(*found)) << key << " has other bytes";
      } else {
        EXPECT_EQ(found.error().code, ErrorCode::kNotFound) << found.error().message;
        EXPECT_TRUE(bytes.contains(std::nullopt)) << key << " is lost";
      }
    }
    for (const std::string& key : store.keys()) EXPECT_TRUE(may_be_.contains(key)) << key;
  }

 private:
  std::map<std::string, std::set<std::optional<std::string>>> may_be_;
};

// Fewer changes in a life, and the disk is not the fake one.
constexpr std::uint64_t kFewestChanges = 40;

class DirectoryDeath : public testing::TestWithParam<Death> {
 protected:
  // How many deeds were answered; died: before the end.
  struct Life {
    std::size_t answered = 0;
    bool died = false;
  };
  static Life live_until(std::uint64_t change, StoreOnDisk& store, const std::vector<Deed>& deeds) {
    Pipe answers = std::move(make_pipe()).value();
    const pid_t child = ::fork();
    if (child == 0) live_in_child(change, store, deeds, answers.writer);
    answers.writer = Fd();
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    std::array<char, 64> told{};
    const ssize_t count = ::read(answers.reader.get(), told.data(), told.size());
    const bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    EXPECT_TRUE(ended || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) << status;
    return {static_cast<std::size_t>(std::max<ssize_t>(count, 0)), !ended};
  }

 private:
  [[noreturn]] static void live_in_child(std::uint64_t change, StoreOnDisk& store,
                                         const std::vector<Deed>& deeds, const Fd& answers) {
    FakeDisk disk(store.root());
    disk.die_at(change, GetParam());
    if (!store.open().ok()) ::_exit(1);
    for (const Deed& deed : deeds) {
      const bool answered = deed.run(store).ok();
      if (!answered || ::write(answers.get(), "x", 1) != 1) ::_exit(1);
    }
    store.close();
    ::_exit(0);
  }
};

TEST_P(DirectoryDeath, LeavesWhatWasAnsweredWholeAndNoPartOfAnythingElse) {
  const std::vector<Deed> all = deeds();
  for (std::uint64_t change = 1;; change += stride()) {
    SCOPED_TRACE("change " + std::to_string(change));
    StoreOnDisk store;
    store.close();
    const Life life = live_until(change, store, all);
    Expected expected;
    for (std::size_t i = 0; i < life.answered; ++i) expected.answered(all[i]);
    if (life.answered < all.size()) expected.unanswered(all[life.answered]);
    ASSERT_TRUE(store.open().ok());
    expected.check(store);
    store.expect_no_orphans();
    if (HasFailure()) return;
    if (!life.died) {
      EXPECT_GT(change, kFewestChanges);
      return;
    }
  }
}

// Parts of one upload, as they are sent: the second twice, the third of another length.
struct SentPart {
  int number = 0;
  std::string bytes;
};
const std::vector<SentPart>& sent_parts() {
  static const std::vector<SentPart> sent{
      {2, large(12)}, {1, large(11)}, {2, large(13)}, {3, large(14) + "longer"}, {4, "end"}};
  return sent;
}

TEST_P(DirectoryDeath, EveryAnsweredPartIsWholeAndItsUploadCanBeCompleted) {
  const std::vector<SentPart>& sent = sent_parts();
  for (std::uint64_t change = 1;; change += stride()) {
    SCOPED_TRACE("change " + std::to_string(change));
    StoreOnDisk store;
    const UploadId upload = store.begin_upload("up").value();
    store.close();
    std::vector<Deed> puts;
    for (const SentPart& part : sent) {
      puts.push_back({"up", std::nullopt, [&part, upload](StoreOnDisk& there) -> Status {
                        CLARY_RETURN_IF_ERROR(there.put_part("up", upload, part.number, part.bytes,
                                                             Length::kAnnounced));
                        return {};
                      }});
    }
    const Life life = live_until(change, store, puts);
    ASSERT_TRUE(store.open().ok());
    const std::vector<CompletedPart> kept = store.parts_of("up", upload);
    std::set<int> answered;
    for (std::size_t i = 0; i < life.answered; ++i) answered.insert(sent[i].number);
    std::string whole;
    for (const CompletedPart& part : kept) {
      answered.erase(part.number);
      // The last answered one of its number, or the one that was on its way.
      bool is_sent = false;
      for (std::size_t i = std::min(life.answered + 1, sent.size()); i-- > 0 && !is_sent;) {
        if (sent[i].number != part.number) continue;
        is_sent = hex_encode(md5(sent[i].bytes)) == part.etag;
        if (is_sent) whole += sent[i].bytes;
        if (i < life.answered) break;
      }
      EXPECT_TRUE(is_sent) << "part " << part.number << " is another";
    }
    EXPECT_THAT(answered, testing::IsEmpty()) << "parts are lost";
    if (!kept.empty()) {
      ASSERT_TRUE(store.complete("up", upload, kept).ok());
      EXPECT_TRUE(store.read("up").value() == whole);
    }
    store.expect_no_orphans();
    if (HasFailure() || !life.died) return;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryDeath, DirectoryDeath,
                         testing::Values(Death::kKill, Death::kTear, Death::kPowerCut));

class FailingDisk : public testing::TestWithParam<int> {};

TEST_P(FailingDisk, KeepsServingReadsSaysWhyAndLosesNothing) {
  for (std::uint64_t change = 1;; change += stride()) {
    SCOPED_TRACE("change " + std::to_string(change));
    StoreOnDisk store;
    Expected expected;
    std::size_t failed = 0;
    {
      FakeDisk disk(store.root());
      disk.fail_from(change, GetParam());
      for (const Deed& deed : deeds()) {
        const Status done = deed.run(store);
        if (done.ok()) {
          expected.answered(deed);
        } else {
          ++failed;
          expected.unanswered(deed);
          // "not there": a copy of what could not be put.
          EXPECT_THAT(done.error().message,
                      AnyOf(HasSubstr(std::strerror(GetParam())), HasSubstr("disk is full"),
                            HasSubstr("not there")));
        }
      }
      expected.check(store);
      if (failed == 0) {
        EXPECT_GT(change, kFewestChanges);
      }
      disk.heal();
      const Deed again = puts("again", large(9));
      ASSERT_TRUE(again.run(store).ok());
      expected.answered(again);
      expected.check(store);
    }
    ASSERT_TRUE(store.open().ok());
    expected.check(store);
    store.expect_no_orphans();
    if (HasFailure() || failed == 0) return;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryError, FailingDisk, testing::Values(ENOSPC, EROFS, EIO));

}  // namespace
}  // namespace clary::objects
