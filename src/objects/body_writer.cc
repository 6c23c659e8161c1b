#include "objects/body_writer.h"

#include <utility>

#include "base/beside.h"

namespace clary::objects {
namespace {

class BodyWriter : public ObjectWriter {
 public:
  BodyWriter(const PutRequest& request, std::string context, KeepBody keep)
      : context_(std::move(context)), keep_(std::move(keep)), digests_(request) {}

  void expect_checksum(Checksum checksum) override {
    digests_.expect_checksum(std::move(checksum));
  }
  Mismatch mismatch() const override { return digests_.mismatch(); }

 protected:
  const std::string context_;
  const KeepBody keep_;
  BodyDigests digests_;
  std::string bytes_;
};

class MemoryWriter final : public BodyWriter {
 public:
  using BodyWriter::BodyWriter;

  Status write(std::string_view piece) override {
    digests_.update(piece);
    bytes_ += piece;
    return {};
  }
  Result<ObjectHead> finish() override {
    Result<BodySums> sums = digests_.finish();
    if (!sums.ok()) return sums.error().within(context_);
    return keep_({.sums = std::move(*sums), .bytes = std::move(bytes_)});
  }
};

class FileWriter final : public BodyWriter {
 public:
  FileWriter(const PutRequest& request, std::string context, BodyPlace place, KeepBody keep)
      : BodyWriter(request, std::move(context), std::move(keep)), place_(std::move(place)) {}

  Status write(std::string_view piece) override {
    if (const Status room = place_.files.require_free(place_.reserved_bytes); !room.ok())
      return room.error().within(context_);
    const Beside digesting(place_.digesting, piece.size(), [&] { digests_.update_md5(piece); });
    digests_.update_others(piece);
    if (!place_.file && bytes_.size() + piece.size() <= place_.most_in_memory) {
      bytes_ += piece;
      return {};
    }
    const Status written = write_to_file(piece);
    return written.ok() ? written : Status(written.error().within(context_));
  }

  Result<ObjectHead> finish() override {
    Result<ObjectHead> head = finish_body();
    return head.ok() ? std::move(head) : head.error().within(context_);
  }

 private:
  Result<ObjectHead> finish_body() {
    CLARY_TRY(BodySums sums, digests_.finish());
    if (!place_.file && place_.most_in_memory == 0) CLARY_RETURN_IF_ERROR(write_to_file(""));
    WrittenBody body{.sums = std::move(sums), .bytes = std::move(bytes_)};
    if (place_.file) {
      CLARY_TRY(body.file, place_.file->seal());
    }
    return keep_(std::move(body));
  }

  Status write_to_file(std::string_view piece) {
    if (!place_.file) {
      CLARY_TRY(BodyFiles::Temporary created, place_.files.create());
      place_.file.emplace(std::move(created));
      CLARY_RETURN_IF_ERROR(place_.file->write(bytes_));
      bytes_.clear();
    }
    return place_.file->write(piece);
  }

  BodyPlace place_;
};

}  // namespace

std::unique_ptr<ObjectWriter> make_memory_writer(const PutRequest& request, std::string context,
                                                 KeepBody keep) {
  return std::make_unique<MemoryWriter>(request, std::move(context), std::move(keep));
}

std::unique_ptr<ObjectWriter> make_file_writer(const PutRequest& request, std::string context,
                                               BodyPlace place, KeepBody keep) {
  return std::make_unique<FileWriter>(request, std::move(context), std::move(place),
                                      std::move(keep));
}

}  // namespace clary::objects
