#include <unistd.h>

#include <algorithm>

#include "host/host_fixture.h"
#include "host/system_host.h"

namespace clary::host {
namespace {

la_ssize_t append(archive*, void* context, const void* bytes, size_t size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool one_has(const std::vector<std::string>& lines, std::string_view text) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

class FakeNetwork final : public HostNetwork {
 public:
  int network_namespace() const override { return 7; }
  int user_namespace() const override { return -1; }
  const Fd& server_listener() const override { return listener_; }
  std::vector<std::string> settle() override { return {"no way out: /dev/net/tun"}; }

 private:
  Fd listener_ = Fd(::dup(STDERR_FILENO));
};

class FakeModelLink final : public ModelLink {
 public:
  using Answer = std::function<Result<net::ClientReply>(const net::ClientRequest&)>;
  explicit FakeModelLink(Answer answer) : answer_(std::move(answer)) {}
  Result<net::ClientReply> send(const net::ClientRequest& request, Duration) override {
    return answer_(request);
  }

 private:
  Answer answer_;
};

// The store outlives the host; the host wants one of its own.
class SharedStore final : public objects::ObjectStore {
 public:
  // puts: what a put answers instead while it is an error; null: nothing.
  explicit SharedStore(objects::ObjectStore& store, const Status* puts = nullptr)
      : store_(store), puts_(puts) {}
  Status create_bucket(const objects::Bucket& bucket) override {
    return store_.create_bucket(bucket);
  }
  Status remove_bucket(const BucketName& name) override { return store_.remove_bucket(name); }
  Result<objects::Bucket> find_bucket(const BucketName& name) override {
    return store_.find_bucket(name);
  }
  Result<std::vector<objects::Bucket>> list_buckets() override { return store_.list_buckets(); }
  Status set_versioning(const BucketName& name, objects::Versioning versioning) override {
    return store_.set_versioning(name, versioning);
  }
  Result<objects::ObjectHead> head(const BucketName& bucket, const ObjectKey& key,
                                   const std::string& version) override {
    return store_.head(bucket, key, version);
  }
  Result<objects::ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                                  const objects::ReadRequest& read) override {
    return store_.get(bucket, key, read);
  }
  Result<std::unique_ptr<objects::ObjectWriter>> put(objects::PutRequest request) override {
    if (puts_ != nullptr && !puts_->ok()) return puts_->error();
    return store_.put(std::move(request));
  }
  Result<std::vector<Result<objects::Removed>>> remove(
      const BucketName& bucket, const std::vector<objects::Removal>& removals) override {
    return store_.remove(bucket, removals);
  }
  Result<objects::ListPage> list(const objects::ListRequest& request) override {
    return store_.list(request);
  }
  Result<objects::ListPage> list_versions(const objects::ListRequest& request) override {
    return store_.list_versions(request);
  }
  Result<objects::ObjectHead> set_tags(const BucketName& bucket, const ObjectKey& key,
                                       const std::string& version,
                                       const objects::Tags& tags) override {
    return store_.set_tags(bucket, key, version, tags);
  }
  Result<objects::PartPage> list_parts(const objects::PartListRequest& request) override {
    return store_.list_parts(request);
  }
  Result<objects::UploadPage> list_uploads(const objects::ListRequest& request) override {
    return store_.list_uploads(request);
  }
  Result<objects::UploadId> begin_upload(objects::MultipartRequest request) override {
    return store_.begin_upload(std::move(request));
  }
  Result<std::unique_ptr<objects::ObjectWriter>> put_part(objects::PutRequest request,
                                                          const objects::UploadId& upload,
                                                          int number) override {
    return store_.put_part(std::move(request), upload, number);
  }
  Result<objects::ObjectHead> complete_upload(objects::CompleteRequest request) override {
    return store_.complete_upload(std::move(request));
  }
  Status abort_upload(const BucketName& bucket, const ObjectKey& key,
                      const objects::UploadId& upload) override {
    return store_.abort_upload(bucket, key, upload);
  }
  Result<std::uint64_t> change_counter(const BucketName& bucket) override {
    return store_.change_counter(bucket);
  }

 private:
  objects::ObjectStore& store_;
  const Status* puts_;
};

}  // namespace

std::unique_ptr<objects::ObjectStore> share(objects::ObjectStore& store) {
  return std::make_unique<SharedStore>(store);
}

std::string tar_of(const std::map<std::string, std::string>& files) {
  std::string bytes;
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_pax_restricted(writer);
  archive_write_open(writer, &bytes, nullptr, append, nullptr);
  for (const auto& [path, text] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_write_header(writer, entry);
    archive_write_data(writer, text.data(), text.size());
    archive_entry_free(entry);
  }
  archive_write_free(writer);
  return bytes;
}

std::map<std::string, std::string> files_of(const std::string& tar) {
  std::map<std::string, std::string> files;
  archive* reader = archive_read_new();
  archive_read_support_filter_gzip(reader);
  archive_read_support_format_tar(reader);
  EXPECT_EQ(archive_read_open_memory(reader, tar.data(), tar.size()), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    std::string text(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    EXPECT_EQ(archive_read_data(reader, text.data(), text.size()),
              static_cast<la_ssize_t>(text.size()));
    files[archive_entry_pathname(entry)] = text;
  }
  archive_read_free(reader);
  return files;
}

void HostFixture::SetUp() {
  ASSERT_TRUE(
      store_
          .create_bucket(
              {.name = BucketName("b"), .created = clock_.now(), .region = Region("us-east-1")})
          .ok());
  plan_.gang = GangId("gang-1");
  plan_.job = JobName("job");
  plan_.instance_type = "ml.c5.xlarge";
  plan_.region = "us-east-1";
  plan_.sandbox = "fake";
  plan_.interpreter = {.python = "/env/bin/python3",
                       .prefixes = {"/env"},
                       .python_version = "3.11.2",
                       .packages = {},
                       .sys_path = {"/env/lib"}};
  plan_.hyperparameters = {
      {"epochs", "1"},
      {"sagemaker_program", "\"train.py\""},
      {"sagemaker_submit_directory", "\"s3://b/job/source/sourcedir.tar.gz\""}};
  plan_.output_uri = "s3://b/out/job/output";
  plan_.server_endpoint = "http://127.0.0.1:4580";
  plan_.hostlink_token = "link-token-0123456789";
  plan_.credentials_token = "cred-token-0123456789";
  plan_.credentials.secret_key = "secret-key-0123456789";
  plan_.cache_folder = folder_.at("cache");
  set_code({{"train.py", "print(1)"}});
}

void HostFixture::put_object(const std::string& key, const std::string& bytes) {
  objects::PutRequest request;
  request.bucket = BucketName("b");
  request.key = ObjectKey(key);
  Result<std::unique_ptr<objects::ObjectWriter>> writer = store_.put(std::move(request));
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->write(bytes).ok());
  ASSERT_TRUE((*writer)->finish().ok());
}

std::string HostFixture::object(const std::string& key) {
  Result<objects::ObjectBody> body = store_.get(BucketName("b"), ObjectKey(key), std::nullopt);
  if (!body.ok()) return "<absent>";
  std::string bytes(body->length, '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const Result<std::size_t> got = body->bytes->read(std::span(bytes).subspan(at));
    if (!got.ok() || *got == 0) break;
    at += *got;
  }
  return bytes;
}

bool HostFixture::logged(std::string_view text) const { return one_has(link_.lines(), text); }
bool HostFixture::noticed(std::string_view text) const { return one_has(link_.notices(), text); }

std::string HostFixture::variable(const compute::ProcessSpec& process, std::string_view name) {
  for (const auto& [one, value] : process.environment) {
    if (one == name) return value;
  }
  return "<absent>";
}

void HostFixture::write_ml(std::string_view path, std::string_view bytes) const {
  EXPECT_TRUE(make_folders(folder_of(ml(path))).ok());
  EXPECT_TRUE(write_file_atomically(ml(path), bytes).ok());
}

void HostFixture::again() {
  link_.clear();
  for (const char* mark : {"started", "outcome.json", "reported"})
    ASSERT_TRUE(remove_tree(folder_.at(mark)).ok());
}

int HostFixture::run() {
  folder_.write("plan.json", to_json(plan_.to_document()), 0600);
  const SystemClock system_clock;
  HostServices services;
  if (system_)
    services = system_host_services(system_clock, silent_logger(), ids_);
  else
    fake_machine(services);
  fake_surroundings(services);
  return run_host(folder_.at("plan.json"), services);
}

void HostFixture::fake_machine(HostServices& services) {
  services.clock = &clock_;
  services.logger = &silent_logger();
  services.ids = &ids_;
  services.program = "/test/bin/clary";
  services.pause = [this](Duration time) {
    const MutexLock lock(pauses_mutex_);
    pauses_.push_back(time);
    clock_.advance(time);
  };
  services.make_sandbox = [this](const std::string&) {
    return Result<std::unique_ptr<compute::Sandbox>>(make_fake_sandbox(lives_, sandbox_, clock_));
  };
  services.open_model = [this](const std::string&) -> Result<std::unique_ptr<ModelLink>> {
    if (!model_) return not_found("no socket");
    return std::unique_ptr<ModelLink>(std::make_unique<FakeModelLink>(model_));
  };
  services.make_network =
      [this](const hostlink::HostPlan&) -> Result<std::unique_ptr<HostNetwork>> {
    if (!network_answer_.ok()) return network_answer_.error();
    return std::unique_ptr<HostNetwork>(std::make_unique<FakeNetwork>());
  };
}

void HostFixture::fake_surroundings(HostServices& services) {
  services.open_link = [this](hostlink::HostLinkOptions options, hostlink::HostRequests requests) {
    link_.options = std::move(options);
    link_.requests = std::move(requests);
    return Result<std::unique_ptr<hostlink::HostLink>>(make_fake_link(link_));
  };
  services.open_store = [this](const hostlink::HostPlan&,
                               std::function<hostlink::PlanCredentials()>) {
    return Result<std::unique_ptr<objects::ObjectStore>>(
        std::make_unique<SharedStore>(store_, &put_answer_));
  };
}

}  // namespace clary::host
