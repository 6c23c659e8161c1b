// What a bucket's own rules make of requests that nobody signed.
#include "objects/memory_store.h"
#include "services/front_fixture.h"

namespace clary::services {
namespace {

class FrontBucketsTest : public FrontTest {
 protected:
  FrontBucketsTest() {
    EXPECT_TRUE(store_.create_bucket({BucketName("open"), {}, Region("us-east-1")}).ok());
    set(objects::SettingKind::kPolicy,
        R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:PutObject"],)"
        R"("Resource":"arn:aws:s3:::open/*"}]})");
  }
  void set(objects::SettingKind kind, const std::string& text) {
    EXPECT_TRUE(store_.set_setting(BucketName("open"), kind, text).ok());
  }

  struct Unsigned {
    std::string method = "GET";
    std::string target = "/open/k";
    std::string host = "127.0.0.1:4580";
    std::string listener = "main";
    std::vector<net::Headers::Field> headers = {};
  };
  net::Reply ask(const Unsigned& wish, const std::string& body = "") {
    net::RequestHead head;
    head.method = wish.method;
    head.target = wish.target;
    head.origin = {wish.listener, "127.0.0.1:50000"};
    head.content_length = body.size();
    head.headers.add("Host", wish.host);
    for (const auto& [name, value] : wish.headers) head.headers.add(name, value);
    auto started = guarded_.start(std::move(head));
    if (auto* reply = std::get_if<net::Reply>(&started)) return std::move(*reply);
    net::RequestSink& sink = *std::get<std::unique_ptr<net::RequestSink>>(started);
    if (const Status written = sink.write(body); !written.ok())
      return sink.rejected(written.error());
    return sink.finish();
  }

  objects::MemoryStore store_{clock_, ids_};
  BucketRules rules_{store_};
  Front guarded_{FrontParts{.router = router_,
                            .local_routes = routes_,
                            .keys = keys_,
                            .identities = identities_,
                            .clock = clock_,
                            .ids = ids_,
                            .logger = silent_logger(),
                            .buckets = &rules_,
                            .s3_domains = {"localhost"}}};
};

TEST_F(FrontBucketsTest, NobodyGetsWhatThePolicyAllows) {
  EXPECT_EQ(ask({}).status, 200);
  EXPECT_EQ(ask({.method = "PUT"}, "bytes").status, 200);
  EXPECT_EQ(probe_.stored, "bytes");
  EXPECT_EQ(ask({.target = "/closed/k"}).status, 403);
  EXPECT_EQ(ask({.method = "HEAD", .target = "/open"}).status, 403);
}

TEST_F(FrontBucketsTest, NobodyIsLetInFromInsideAJob) {
  EXPECT_EQ(ask({.listener = "gang-1"}).status, 403);
}

TEST_F(FrontBucketsTest, ThePublicAccessBlockKeepsNobodyOut) {
  set(objects::SettingKind::kPublicAccess, R"({"RestrictPublicBuckets":true})");
  EXPECT_EQ(ask({}).status, 403);
}

TEST_F(FrontBucketsTest, APolicyThatCannotBeReadAllowsNothing) {
  set(objects::SettingKind::kPolicy, "{");
  EXPECT_GE(ask({}).status, 400);
}

TEST_F(FrontBucketsTest, AHostNamesTheBucket) {
  EXPECT_EQ(ask({.target = "/k", .host = "open.localhost:4580"}).status, 200);
  EXPECT_EQ(ask({.target = "/open/k", .host = "localhost:4580"}).status, 200);
  EXPECT_EQ(ask({.target = "/healthz", .host = "open.localhost:4580"}).status, 200)
      << "a key of the bucket, not the server's own page";
}

TEST_F(FrontBucketsTest, RepliesAndErrorsSayWhoMayReadThem) {
  set(objects::SettingKind::kCors,
      R"({"CORSRules":[{"AllowedMethods":["GET"],"AllowedOrigins":["https://page.example"]}]})");
  const std::vector<net::Headers::Field> origin = {{"Origin", "https://page.example"}};
  EXPECT_EQ(ask({.headers = origin}).headers.get("access-control-allow-origin"),
            "https://page.example");
  const net::Reply refused = ask({.method = "GET", .target = "/open?policy", .headers = origin});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.headers.get("access-control-allow-origin"), "https://page.example");
  EXPECT_EQ(ask({.headers = {{"Origin", "https://other.example"}}})
                .headers.get("access-control-allow-origin"),
            "");
  std::vector<net::Headers::Field> asked = origin;
  asked.emplace_back("Access-Control-Request-Method", "GET");
  EXPECT_EQ(ask({.method = "OPTIONS", .headers = asked}).status, 200);
  EXPECT_EQ(ask({.method = "OPTIONS", .target = "/closed/k", .headers = asked}).status, 403);
}

}  // namespace
}  // namespace clary::services
