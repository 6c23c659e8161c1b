#include "apps/settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "base/files.h"

namespace clary::apps {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  Status read(const std::string& text) {
    const std::string path =
        ::testing::TempDir() + "clary_settings_" + std::to_string(::getpid()) + ".toml";
    CLARY_RETURN_IF_ERROR(write_file_atomically(path, text));
    Status status = read_settings_file(path, settings);
    ::unlink(path.c_str());
    return status;
  }
  Settings settings;
};

TEST_F(SettingsTest, CommandsReadWhatTheServerReads) {
  std::string data = ::testing::TempDir() + "clary_settings_XXXXXX";
  ASSERT_NE(::mkdtemp(data.data()), nullptr);
  EXPECT_EQ(settings_of_server(data).value().file, "");
  ASSERT_TRUE(write_file_atomically(data + "/clary.toml", "listen = '127.0.0.1:1'").ok());
  EXPECT_EQ(settings_of_server(data).value().listen, "127.0.0.1:1");
  ASSERT_TRUE(write_file_atomically(data + "/other.toml", "listen = '127.0.0.1:2'").ok());
  ASSERT_TRUE(
      write_file_atomically(data + "/server.json", R"({"config":")" + data + R"(/other.toml"})")
          .ok());
  EXPECT_EQ(settings_of_server(data).value().listen, "127.0.0.1:2") << "the running server's";
  ASSERT_TRUE(write_file_atomically(data + "/other.toml", "listem = ''").ok());
  EXPECT_EQ(settings_of_server(data).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(remove_tree(data).ok());
}

TEST_F(SettingsTest, ReadsEveryKind) {
  ASSERT_TRUE(read("listen = '127.0.0.1:1'\nallowed_hosts = ['box']\n[jobs]\nuid = "
                   "7\ncredentials_as_variables = true\n")
                  .ok());
  EXPECT_EQ(settings.listen, "127.0.0.1:1");
  EXPECT_EQ(settings.allowed_hosts, std::vector<std::string>{"box"});
  EXPECT_EQ(settings.job_uid, 7);
  EXPECT_TRUE(settings.credentials_as_variables);
}

TEST_F(SettingsTest, RefusesAnUnknownKeyWithTheNearestName) {
  const Status status = read("[jobs]\nsandbx = 'process'\n");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find(
                ":2: no setting is called 'jobs.sandbx'; did you mean 'jobs.sandbox'?"),
            std::string::npos)
      << status.error().message;
  // A name that stands in the wrong table.
  const Status misplaced = read("[server]\nlistem = 'x'\n");
  ASSERT_FALSE(misplaced.ok());
  EXPECT_NE(misplaced.error().message.find("did you mean 'listen'?"), std::string::npos)
      << misplaced.error().message;
}

TEST_F(SettingsTest, RefusesAWrongTypeAndWhatIsNotToml) {
  EXPECT_NE(read("region = 3").error().message.find("'region' must be a string"),
            std::string::npos);
  EXPECT_FALSE(read("region = ").ok());
  EXPECT_FALSE(read("jobs = 3").ok());
}

TEST_F(SettingsTest, LettersBeyondAsciiStandInQuotes) {
  EXPECT_TRUE(read("# Grüße\nregion = 'ü'  # é\naccess = \"\"\"\n\\\"é\n\"\"\"\"")
                  .error()
                  .message.find("'access'") != std::string::npos);
  for (const char* text : {"région = 'x'", "a = 1\né = 2", "[jobs.é]", "é", "a = é",
                           "region = 'x' é", "a = é é", "\"\" é", "x = [1, ü]"}) {
    const Status status = read(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_NE(status.error().message.find("a letter beyond ASCII stands outside of quotes"),
              std::string::npos)
        << text << ": " << status.error().message;
  }
  EXPECT_NE(read("a = 1\n\né = 2").error().message.find(":3: a letter"), std::string::npos);
}

TEST_F(SettingsTest, ItsOwnDocumentationReadsBackAsTheDefaults) {
  ASSERT_TRUE(read(documented_settings()).ok());
  EXPECT_EQ(settings.listen, Settings().listen);
  EXPECT_EQ(settings.stop_grace_seconds, Settings().stop_grace_seconds);
}

TEST_F(SettingsTest, TheManualHasEverySetting) {
  const auto manual = read_file(CLARY_SOURCE_DIR "/docs/configuration.md");
  ASSERT_TRUE(manual.ok()) << manual.error().message;
  EXPECT_NE(manual->find("```toml\n" + documented_settings() + "```"), std::string::npos)
      << "docs/configuration.md is not what `clary serve --print-config` prints";
}

TEST(ByteCount, HasUnits) {
  EXPECT_EQ(parse_byte_count("10 GiB"), 10ULL << 30);
  EXPECT_EQ(parse_byte_count("1KiB"), 1024U);
  EXPECT_EQ(parse_byte_count("7"), 7U);
  for (const char* text : {"", "GiB", "-1", "1 GB", "1.5 GiB", "99999999 TiB"})
    EXPECT_EQ(parse_byte_count(text), std::nullopt) << text;
}

TEST_F(SettingsTest, WhatIsNoAddressIsSaidToBeNone) {
  settings.data = "/tmp/x";
  for (const char* listen : {"nonsense", "4580", ":4580", "127.0.0.1:", "127.0.0.1:99999"}) {
    settings.listen = listen;
    EXPECT_NE(check_settings(settings).error().message.find("is not HOST:PORT"), std::string::npos)
        << listen;
  }
  settings.listen = "[::1]:0";
  EXPECT_TRUE(check_settings(settings).ok());
}

TEST_F(SettingsTest, TheMachineIsGivenOutOnceAtLeast) {
  settings.data = "/tmp/x";
  for (const auto& [times, fits] : {std::pair{0, false}, {1, true}, {1000, true}, {1001, false}}) {
    settings.overcommit = times;
    EXPECT_EQ(check_settings(settings).ok(), fits) << times;
  }
}

TEST_F(SettingsTest, ALimitSaysItsRange) {
  settings.data = "/tmp/x";
  for (const auto& [gib, fits] : {std::pair{-1LL, false}, {0, true}, {1LL << 30, false}}) {
    settings.kept_gib = gib;
    const Status checked = check_settings(settings);
    EXPECT_EQ(checked.ok(), fits) << gib;
    if (!fits) {
      EXPECT_EQ(checked.error().message, "setting 'jobs.kept_gib': must be 0 to 1073741823");
    }
  }
}

TEST_F(SettingsTest, WhatCannotBeIsToldWithItsLine) {
  settings.data = "/tmp/x";
  ASSERT_TRUE(read("region = 'x'\n[jobs]\nuid = 0\n").ok());
  EXPECT_EQ(check_settings(settings).error().message,
            settings.file + ":3: setting 'jobs.uid': must be an unprivileged user's number");
  settings.lines.erase("jobs.uid");
  EXPECT_TRUE(check_settings(settings).error().message.starts_with("setting 'jobs.uid'"));
  settings = {};
  ASSERT_TRUE(read("[keys]\nsecret_key = '0123456789abcdef'\n").ok());
  EXPECT_EQ(check_settings(settings).error().message,
            settings.file +
                ":2: setting 'keys.secret_key': keys.access_key and keys.secret_key must both be "
                "given");
}

TEST_F(SettingsTest, AHooksAddressIsOfTheWeb) {
  settings.data = "/tmp/x";
  for (const char* url : {"http://127.0.0.1:9/x", "https://hooks.example.org", "http://[::1]/x",
                          "http://[::1]:65535/x:y", ""}) {
    settings.hook_url = url;
    EXPECT_TRUE(check_settings(settings).ok()) << url;
  }
  for (const char* url :
       {"ftp://x", "https://", "http:///x", "hooks.example.org", "h", "http://h:/x",
        "http://h:65536/x", "http://h:0", "http://:80", "http://h:x/"}) {
    settings.hook_url = url;
    EXPECT_FALSE(check_settings(settings).ok()) << url;
  }
  settings.hook_url = "";
  settings.hook_ca = "ca.pem";
  EXPECT_FALSE(check_settings(settings).ok()) << "the server's folder is / ";
  settings.hook_ca = "/no/such/ca.pem";
  EXPECT_EQ(check_settings(settings).error().message,
            "setting 'hooks.ca': there is no file '/no/such/ca.pem'");
  settings.hook_ca = "/dev/null";
  EXPECT_TRUE(check_settings(settings).ok());
  settings.hook_command = {""};
  EXPECT_FALSE(check_settings(settings).ok());
  settings.hook_command = {"/bin/true", ""};
  EXPECT_TRUE(check_settings(settings).ok()) << "an argument may be empty";
}

TEST_F(SettingsTest, ListensBeyondLoopbackOnlyWithTls) {
  settings.data = "/tmp/x";
  EXPECT_TRUE(check_settings(settings).ok());
  settings.listen = "0.0.0.0:4580";
  EXPECT_FALSE(check_settings(settings).ok());
  settings.tls_own = true;
  EXPECT_TRUE(check_settings(settings).ok());
  settings.tls_cert = "cert.pem";
  EXPECT_FALSE(check_settings(settings).ok()) << "without its key";
}

}  // namespace
}  // namespace clary::apps
