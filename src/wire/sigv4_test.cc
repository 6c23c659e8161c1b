#include "wire/sigv4.h"

#include <gtest/gtest.h>

#include "base/time_text.h"
#include "wire/aws_chunked.h"
#include "wire/sigv4_verify.h"

namespace clary::wire {
namespace {

// The worked examples of the AWS General Reference and of the Amazon S3 API Reference.
constexpr const char* kS3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr const char* kS3Now = "20130524T000000Z";

TimePoint at(const char* text) { return parse_time(text).value(); }

Signer s3_signer() {
  return {AccessKeyId("AKIAIOSFODNN7EXAMPLE"), Secret(kS3Secret), Secret(), "us-east-1", "s3"};
}

net::RequestHead head_of(std::string method, std::string target, net::Headers headers) {
  net::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.headers = std::move(headers);
  return head;
}

// A request signed now for s3, ready to be verified.
net::RequestHead signed_put(std::string target = "/bucket/a%20b%2Bc?partNumber=1&uploadId=x%2Fy") {
  net::Headers headers;
  headers.add("Host", "127.0.0.1:4580");
  headers.add("X-Amz-Meta-Colour", "  light   blue ");
  sign(s3_signer(),
       {.method = "PUT",
        .target = target,
        .host = "127.0.0.1:4580",
        .payload_hash = kUnsignedPayload},
       at(kS3Now), headers);
  return head_of("PUT", std::move(target), std::move(headers));
}

std::optional<AuthFailureKind> outcome(const net::RequestHead& head, TimePoint now = at(kS3Now),
                                       const char* secret = kS3Secret) {
  const auto read = read_authentication(head);
  if (const auto* failure = std::get_if<AuthFailure>(&read)) return failure->kind;
  SigningKeys keys;
  const auto failure = verify_signature(*authentication_of(read), head, Secret(secret),
                                        kEmptyPayloadHash, now, keys);
  return failure ? std::optional(failure->kind) : std::nullopt;
}

TEST(Sigv4, SignsTheGeneralReferenceExample) {
  net::Headers headers;
  headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  const Signer signer{AccessKeyId("AKIDEXAMPLE"),
                      Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret(), "us-east-1",
                      "iam"};
  sign(signer, {.target = "/?Action=ListUsers&Version=2010-05-08", .host = "iam.amazonaws.com"},
       at("20150830T123600Z"), headers);
  EXPECT_EQ(headers.get("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(Sigv4, VerifiesTheS3Example) {
  net::Headers headers;
  headers.add("Host", "examplebucket.s3.amazonaws.com");
  headers.add("Range", "bytes=0-9");
  headers.add("x-amz-content-sha256", std::string(kEmptyPayloadHash));
  headers.add("x-amz-date", kS3Now);
  headers.add("Authorization",
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
              "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
              "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(outcome(head_of("GET", "/test.txt", headers)), std::nullopt);
  EXPECT_EQ(outcome(head_of("GET", "/test.tx", headers)), AuthFailureKind::kMismatch);
}

TEST(Sigv4, PresignsTheS3Example) {
  const std::string target =
      presign(s3_signer(), {.target = "/test.txt", .host = "examplebucket.s3.amazonaws.com"},
              at(kS3Now), std::chrono::hours(24));
  EXPECT_TRUE(target.ends_with(
      "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
      << target;
  net::Headers headers;
  headers.add("Host", "examplebucket.s3.amazonaws.com");
  const net::RequestHead head = head_of("GET", target, headers);
  EXPECT_EQ(outcome(head), std::nullopt);
  EXPECT_EQ(outcome(head, at("20130524T235959Z")), std::nullopt);
  EXPECT_EQ(outcome(head, at("20130525T000001Z")), AuthFailureKind::kPresignExpired);
}

TEST(Sigv4, WhatWasSignedIsVerifiedAndNothingElse) {
  const net::RequestHead good = signed_put();
  EXPECT_EQ(outcome(good), std::nullopt);
  EXPECT_EQ(outcome(good, at(kS3Now), "another secret"), AuthFailureKind::kMismatch);

  net::RequestHead changed = good;
  changed.method = "GET";
  EXPECT_EQ(outcome(changed), AuthFailureKind::kMismatch);
  changed = good;
  changed.target = "/bucket/a%20b%2Bd?partNumber=1&uploadId=x%2Fy";
  EXPECT_EQ(outcome(changed), AuthFailureKind::kMismatch);
  changed = good;
  changed.target += "&acl";
  EXPECT_EQ(outcome(changed), AuthFailureKind::kMismatch);
  changed = good;
  changed.headers.set("x-amz-meta-colour", "red");
  EXPECT_EQ(outcome(changed), AuthFailureKind::kMismatch);
  changed = good;
  changed.headers.add("x-amz-acl", "public-read");
  EXPECT_EQ(outcome(changed), AuthFailureKind::kHeadersNotSigned);
}

TEST(Sigv4, ARememberedKeyIsThatOfItsSecretAndScope) {
  SigningKeys keys;
  for (const char* secret : {"one", "two", "one"}) {
    for (const char* region : {"us-east-1", "eu-west-1"}) {
      const SigningScope scope{kS3Now, "20130524", region, "s3"};
      EXPECT_EQ(keys.find(Secret(secret), scope), signing_key(Secret(secret), scope));
    }
  }
}

TEST(Sigv4, OrderOfQueryFieldsDoesNotMatter) {
  net::RequestHead head = signed_put();
  head.target = "/bucket/a%20b%2Bc?uploadId=x%2Fy&partNumber=1";
  EXPECT_EQ(outcome(head), std::nullopt);
}

TEST(Sigv4, ClockWindow) {
  const net::RequestHead head = signed_put();
  EXPECT_EQ(outcome(head, at("20130524T001459Z")), std::nullopt);
  EXPECT_EQ(outcome(head, at("20130524T001501Z")), AuthFailureKind::kClockSkew);
  EXPECT_EQ(outcome(head, at("20130523T234501Z")), std::nullopt);
  EXPECT_EQ(outcome(head, at("20130523T234459Z")), AuthFailureKind::kClockSkew);
}

TEST(Sigv4, WhatCannotBeRead) {
  const auto with = [](const char* authorization) {
    net::Headers headers;
    headers.add("Authorization", authorization);
    headers.add("X-Amz-Date", kS3Now);
    return outcome(head_of("GET", "/", headers));
  };
  EXPECT_EQ(outcome(head_of("GET", "/", {})), AuthFailureKind::kMissing);
  EXPECT_EQ(with("AWS AKIA:c2ln"), AuthFailureKind::kUnsupportedScheme);
  EXPECT_EQ(with("Bearer x"), AuthFailureKind::kIncomplete);
  EXPECT_EQ(with("AWS4-HMAC-SHA256"), AuthFailureKind::kIncomplete);
  EXPECT_EQ(with("AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=0"),
            AuthFailureKind::kIncomplete);
  EXPECT_EQ(
      with("AWS4-HMAC-SHA256 Credential=a/20130524/c/d/aws4_request, SignedHeaders=x, Signature=0"),
      AuthFailureKind::kIncomplete);
  EXPECT_EQ(with("AWS4-HMAC-SHA256 Credential=a/20130525/c/d/aws4_request, SignedHeaders=host, "
                 "Signature=0"),
            AuthFailureKind::kMismatch);
  EXPECT_EQ(outcome(head_of("GET", "/b/k?AWSAccessKeyId=a&Signature=b&Expires=x", {})),
            AuthFailureKind::kPresignInvalid);
  EXPECT_EQ(outcome(head_of("GET",
                            "/b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20130524%2Fc%"
                            "2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
                            "&X-Amz-Expires=604801&X-Amz-SignedHeaders=host&X-Amz-Signature=0",
                            {})),
            AuthFailureKind::kPresignInvalid);
}

// URLs of boto3's generate_presigned_url for an endpoint of one's own, made at kS3Now for a day.
TEST(Sigv2, VerifiesWhatBotocorePresigns) {
  const std::string key = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=";
  const std::string get = "/bkt/a%20b/%C3%A9%2B%26.bin?" + key +
                          "Rh%2FCDSDc69cd1b64g%2BKjGfzTgTI%3D&Expires=1369440000";
  EXPECT_EQ(outcome(head_of("GET", get, {})), std::nullopt);
  EXPECT_EQ(outcome(head_of("PUT", get, {})), AuthFailureKind::kMismatch);
  EXPECT_EQ(outcome(head_of("GET", get, {}), at(kS3Now), "another secret"),
            AuthFailureKind::kMismatch);
  EXPECT_EQ(outcome(head_of("GET", get, {}), at("20130525T000001Z")),
            AuthFailureKind::kPresignExpired);
  const std::string put = "/bkt/k?" + key +
                          "yP%2FP8qefd%2Ftfir%2BxmopakbQkqNY%3D&content-type=text%2Fplain&x-"
                          "amz-meta-x=y&Expires=1369440000";
  EXPECT_EQ(outcome(head_of("PUT", put, {})), std::nullopt);
  const auto put_with = [&](const char* type, const char* meta) {
    net::RequestHead head = head_of("PUT", put, {});
    head.headers.set("Content-Type", type);
    head.headers.set("x-amz-meta-x", meta);
    return outcome(head);
  };
  EXPECT_EQ(put_with("text/plain", "y"), std::nullopt) << "a client sends what the URL says";
  EXPECT_EQ(put_with("text/html", "y"), AuthFailureKind::kMismatch);
  EXPECT_EQ(put_with("text/plain", "z"), AuthFailureKind::kMismatch);
  EXPECT_EQ(outcome(head_of("PUT",
                            "/bkt/k?partNumber=2&uploadId=u%2F1&" + key +
                                "%2FYHKE3%2F0%2Fah2WP1sFx2weFKqsoE%3D&Expires=1369440000",
                            {})),
            std::nullopt);
  EXPECT_EQ(
      outcome(head_of(
          "GET",
          "/bkt/k?response-content-type=text%2Fx&" + key +
              "65pICuZa7lIz3GV6CgBapMB3IWg%3D&x-amz-security-token=to%2Fken&Expires=1369440000",
          {})),
      std::nullopt);
}

// The example of "Transferring payload in multiple chunks".
constexpr const char* kSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

ChunkSignatures example_signatures() {
  const SigningScope scope{kS3Now, "20130524", "us-east-1", "s3"};
  return {signing_key(Secret(kS3Secret), scope), scope, kSeed};
}

std::string example_body() {
  return "10000;chunk-signature="
         "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
         std::string(65536, 'a') + "\r\n" +
         "400;chunk-signature="
         "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
         std::string(1024, 'a') + "\r\n" +
         "0;chunk-signature="
         "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

struct Decoded {
  Status status;
  std::string payload;
  net::Headers trailers;
};

Decoded decode_chunked(AwsChunkedDecoder decoder, std::string_view body, std::size_t step) {
  Decoded out;
  const auto take = [&](std::string_view piece) -> Status {
    out.payload += piece;
    return {};
  };
  for (std::size_t i = 0; i < body.size() && out.status.ok(); i += step)
    out.status = decoder.feed(body.substr(i, step), take);
  if (out.status.ok()) out.status = decoder.finish();
  out.trailers = decoder.trailers();
  return out;
}

TEST(AwsChunked, SignedExampleInPiecesOfAnySize) {
  for (const std::size_t step : {1U, 7U, 4096U, 1U << 20}) {
    const Decoded decoded =
        decode_chunked(AwsChunkedDecoder(example_signatures(), 66560), example_body(), step);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.error().message;
    EXPECT_EQ(decoded.payload, std::string(66560, 'a'));
  }
}

TEST(AwsChunked, ChangedBytesAreDenied) {
  std::string body = example_body();
  body[1000] = 'b';
  const Decoded decoded =
      decode_chunked(AwsChunkedDecoder(example_signatures(), 66560), body, 4096);
  ASSERT_FALSE(decoded.status.ok());
  EXPECT_EQ(decoded.status.error().code, ErrorCode::kDenied);
}

TEST(AwsChunked, UnsignedTrailer) {
  const Decoded decoded =
      decode_chunked(AwsChunkedDecoder(std::nullopt, 5),
                     "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 3);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.error().message;
  EXPECT_EQ(decoded.payload, "hello");
  EXPECT_EQ(decoded.trailers.get("x-amz-checksum-crc32"), "NhCmhg==");
}

TEST(AwsChunked, BrokenFraming) {
  const auto broken = [](std::string_view body,
                         std::optional<std::uint64_t> length = std::nullopt) {
    return !decode_chunked(AwsChunkedDecoder(std::nullopt, length), body, 5).status.ok();
  };
  EXPECT_TRUE(broken(""));
  EXPECT_TRUE(broken("5\r\nhel"));
  EXPECT_TRUE(broken("5\r\nhello world\r\n0\r\n\r\n"));
  EXPECT_TRUE(broken("x\r\nhello\r\n0\r\n\r\n"));
  EXPECT_TRUE(broken("-5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_TRUE(broken("8000000000000000\r\nhello"));
  EXPECT_TRUE(broken("ffffffffffffffffff\r\nhello"));
  EXPECT_TRUE(broken("5\r\nhello\r\n0\r\n\r\nmore"));
  EXPECT_TRUE(broken("5\r\nhello\r\n0\r\n\r\n", 6));
  EXPECT_TRUE(broken("5\r\nhello\r\n0\r\n\r\n", 4));
  EXPECT_TRUE(broken(std::string(10000, '0')));
  EXPECT_FALSE(broken("5\r\nhello\r\n0\r\n\r\n", 5));
}

}  // namespace
}  // namespace clary::wire
