#include "services/form_upload.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "api/s3_service.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "services/bucket_rules.h"
#include "services/post_policy.h"
#include "wire/form_data.h"
#include "wire/xml.h"

namespace clary::services {
namespace {

constexpr std::size_t kMostFieldBytes = 20 << 10;  // of all fields before the file, as S3 has it
// What a field costs besides its letters.
constexpr std::size_t kFieldOverhead = 64;

// Fields of the form that become fields of the PUT's head.
bool is_head_field(const std::string& name) {
  constexpr std::string_view kSigning[] = {"x-amz-algorithm", "x-amz-credential", "x-amz-date",
                                           "x-amz-security-token", "x-amz-signature",
                                           // Of a body as HTTP carries it, which a form is not.
                                           "x-amz-content-sha256", "x-amz-trailer",
                                           "x-amz-decoded-content-length"};
  if (name.starts_with("x-amz-"))
    return std::find(std::begin(kSigning), std::end(kSigning), name) == std::end(kSigning);
  return name == "cache-control" || name == "content-type" || name == "content-disposition" ||
         name == "content-encoding" || name == "content-language" || name == "expires";
}

// Fit for a field of the reply: one line of visible characters.
bool is_web_address(std::string_view text) {
  return (text.starts_with("http://") || text.starts_with("https://")) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

// A form's tags are the XML of PutObjectTagging; those of a PutObject a query.
Outcome<std::string> tagging_header(std::string_view xml) {
  const wire::Operation* operation = api::s3_service().find("PutObjectTagging");
  const auto member =
      std::find_if(operation->input->members.begin(), operation->input->members.end(),
                   [](const wire::Member& one) { return one.name == "Tagging"; });
  const Result<Document> read = wire::read_xml(*member->shape, xml, member->wire_name);
  const Document* tags = read.ok() ? read->find("TagSet") : nullptr;
  if (tags == nullptr || tags->as_array() == nullptr)
    return ServiceError("MalformedXML", "The field tagging holds no TagSet.");
  std::string out;
  for (const Document& tag : *tags->as_array()) {
    out.append(out.empty() ? "" : "&").append(percent_encode(tag.string_or("Key", "")));
    out.append("=").append(percent_encode(tag.string_or("Value", "")));
  }
  return out;
}

std::string unquoted(std::string_view etag) {
  return std::string(etag.size() >= 2 && etag.front() == '"' ? etag.substr(1, etag.size() - 2)
                                                             : etag);
}

class FormUploadSink final : public net::RequestSink, private wire::FormDataSink {
 public:
  FormUploadSink(std::unique_ptr<Call> call, const std::string& boundary, const Clock& clock)
      : call_(std::move(call)),
        clock_(clock),
        bucket_(bucket_of_path(call_->head().raw_path())),
        reader_(boundary, *this) {}

  Status write(std::string_view piece) override { return reader_.feed(piece); }

  net::Reply finish() override {
    if (const Status ended = reader_.finish(); !ended.ok()) return rejected(ended.error());
    if (!stored_)
      return call_->encode_error(
          ServiceError("InvalidArgument", "POST requires exactly one file upload per request."));
    return answer(std::move(*stored_));
  }

  net::Reply rejected(const Error& error) override {
    sink_.reset();
    if (refusal_) return call_->encode_error(*refusal_);
    if (error.code == ErrorCode::kInvalidArgument)
      return call_->encode_error(ServiceError("MalformedPOSTRequest", error.message));
    return call_->encode_error(error);
  }

 private:
  Status begin_part(const wire::FormPart& part) override {
    name_ = to_lower(part.name);
    value_.clear();
    if (stored_) return {};  // what follows the file is ignored
    if (name_ != "file") return count_field_bytes(kFieldOverhead + name_.size());
    if (const auto refused = open(part)) return refuse(*refused);
    return {};
  }

  Status part_bytes(std::string_view piece) override {
    if (stored_) return {};
    if (sink_ == nullptr) {
      value_ += piece;
      return count_field_bytes(piece.size());
    }
    size_ += piece.size();
    if (size_ > most_bytes_)
      return refuse(
          ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"));
    return sink_->write(piece);
  }

  Status end_part() override {
    if (stored_) return {};
    if (sink_ == nullptr) {
      fields_[name_] = std::move(value_);
      return {};
    }
    if (size_ < least_bytes_)
      return refuse(ServiceError("EntityTooSmall",
                                 "Your proposed upload is smaller than the minimum allowed size"));
    Outcome<EncodedReply> reply = sink_->finish({});
    if (!reply.ok()) return refuse(reply.error());
    stored_ = std::move(*reply);
    sink_.reset();
    return {};
  }

  // What nobody has signed yet is not kept without a bound.
  Status count_field_bytes(std::size_t bytes) {
    field_bytes_ += bytes;
    if (field_bytes_ <= kMostFieldBytes) return {};
    return refuse(ServiceError("MaxPostPreDataLengthExceeded",
                               "Your POST request fields preceding the upload file were too "
                               "large."));
  }

  // The server asks rejected() for the answer.
  Status refuse(const ServiceError& refusal) {
    refusal_ = refusal;
    return denied(refusal.message);
  }

  std::optional<ServiceError> open(const wire::FormPart& file) {
    const auto key = fields_.find("key");
    if (key == fields_.end())
      return ServiceError("InvalidArgument",
                          "Bucket POST must contain a field named 'key'. If it is specified, "
                          "please check the order of the fields.");
    key_ = replace_all(key->second, "${filename}", file.file_name.value_or(""));
    if (const auto tagging = fields_.find("tagging"); tagging != fields_.end()) {
      CLARY_TRY(tags_, tagging_header(tagging->second));
    }
    if (auto refused = authenticate()) return refused;
    net::RequestHead put = call_->head();
    put.method = "PUT";
    put.target = "/" + percent_encode(*bucket_) + "/" + percent_encode(key_, Slash::kKeep);
    put.headers = put_fields(file);
    put.content_length.reset();
    auto opened = call_->open_form(std::move(put), std::move(caller_));
    if (!opened.ok()) return opened.error();
    sink_ = std::move(opened).value();
    return std::nullopt;
  }

  // Nothing in caller_: nobody.
  std::optional<ServiceError> authenticate() {
    const auto policy = fields_.find("policy");
    if (policy == fields_.end()) return std::nullopt;
    CLARY_TRY(caller_, call_->read_form_caller(fields_, policy->second));
    CLARY_TRY(const PostPolicy document, PostPolicy::parse(policy->second));
    FormFields fields = fields_;
    fields["bucket"] = *bucket_;
    if (auto refused = document.check(fields, clock_.now())) return refused;
    least_bytes_ = document.least_bytes();
    most_bytes_ = document.most_bytes();
    return std::nullopt;
  }

  net::Headers put_fields(const wire::FormPart& file) const {
    net::Headers out;
    for (const std::string_view kept : {"host", "origin", "user-agent", "referer"}) {
      if (const std::string* value = call_->head().headers.find(kept))
        out.add(std::string(kept), *value);
    }
    for (const auto& [name, value] : fields_) {
      if (name == "acl") {
        out.add("x-amz-acl", value);
      } else if (is_head_field(name)) {
        out.add(name, value);
      }
    }
    if (!tags_.empty()) out.add("x-amz-tagging", tags_);
    if (out.find("content-type") == nullptr && !file.content_type.empty())
      out.add("content-type", file.content_type);
    return out;
  }

  std::string field(const char* name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? "" : found->second;
  }

  net::Reply answer(EncodedReply stored) {
    net::Reply reply = call_->encode(std::move(stored));
    const std::string etag(reply.headers.get("etag"));
    const std::string location = std::string(call_->head().origin.secure ? "https" : "http") +
                                 "://" + std::string(call_->head().headers.get("host")) + "/" +
                                 *bucket_ + "/" + percent_encode(key_, Slash::kKeep);
    reply.headers.set("Location", location);
    std::string redirect = field("success_action_redirect");
    if (redirect.empty()) redirect = field("redirect");
    if (is_web_address(redirect)) {
      reply.status = 303;
      redirect += redirect.find('?') == std::string::npos ? '?' : '&';
      redirect += "bucket=" + percent_encode(*bucket_) + "&key=" + percent_encode(key_) +
                  "&etag=" + percent_encode(etag);
      reply.headers.set("Location", redirect);
      return reply;
    }
    const std::string wanted = field("success_action_status");
    reply.status = wanted == "200" ? 200 : wanted == "201" ? 201 : 204;
    if (reply.status != 201) return reply;
    reply.headers.set("Content-Type", "application/xml");
    reply.body = std::string(wire::kXmlDeclaration) + "<PostResponse>";
    wire::append_xml_element(reply.body, "Location", location);
    wire::append_xml_element(reply.body, "Bucket", *bucket_);
    wire::append_xml_element(reply.body, "Key", key_);
    wire::append_xml_element(reply.body, "ETag", '"' + unquoted(etag) + '"');
    reply.body += "</PostResponse>";
    return reply;
  }

  std::unique_ptr<Call> call_;
  const Clock& clock_;
  BucketName bucket_;
  wire::FormDataReader reader_;
  FormFields fields_;
  std::size_t field_bytes_ = 0;
  std::string name_;   // of the part under way
  std::string value_;  // of the field under way
  std::string key_;
  std::string tags_;  // as x-amz-tagging has them
  std::optional<Caller> caller_;
  std::uint64_t least_bytes_ = 0;
  std::uint64_t most_bytes_ = ~std::uint64_t{0};
  std::uint64_t size_ = 0;  // of the file so far
  std::unique_ptr<EncodedSink> sink_;
  std::optional<EncodedReply> stored_;
  std::optional<ServiceError> refusal_;
};

}  // namespace

bool is_form_upload(const net::RequestHead& head) {
  return head.method == "POST" && head.raw_query().empty() &&
         head.headers.find("authorization") == nullptr &&
         head.headers.find("x-amz-target") == nullptr &&
         wire::form_boundary(head.headers.get("content-type")).has_value();
}

std::unique_ptr<net::RequestSink> make_form_upload_sink(std::unique_ptr<Call> call,
                                                        const Clock& clock) {
  const std::string boundary = *wire::form_boundary(call->head().headers.get("content-type"));
  call->begin_form();
  return std::make_unique<FormUploadSink>(std::move(call), boundary, clock);
}

}  // namespace clary::services
