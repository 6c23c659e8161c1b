#include "host/model_link.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "host/test_folder.h"
#include "hostlink/line_socket.h"

namespace clary::host {
namespace {

ErrorCode link_refusal(const std::string& path) {
  const auto link = connect_to_model(path);
  EXPECT_FALSE(link.ok());
  return link.ok() ? ErrorCode::kInternal : link.error().code;
}

TEST(ModelLink, ASocketIsWaitedForByItsCaller) {
  const TestFolder folder;
  EXPECT_EQ(link_refusal(folder.at("serve.sock")), ErrorCode::kNotFound);
}

TEST(ModelLink, WhatAJobPutsInTheSocketsPlaceLeadsNowhere) {
  const TestFolder folder;
  const Result<Fd> listening = hostlink::listen_at(folder.at("other.sock"));
  ASSERT_TRUE(listening.ok());
  ASSERT_EQ(::symlink(folder.at("other.sock").c_str(), folder.at("serve.sock").c_str()), 0);
  EXPECT_EQ(link_refusal(folder.at("serve.sock")), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(write_file_atomically(folder.at("file"), "x").ok());
  EXPECT_EQ(link_refusal(folder.at("file")), ErrorCode::kInvalidArgument);
}

TEST(ModelLink, AServerThatDoesNotAnswerIsTold) {
  const TestFolder folder;
  const std::string path =
      folder.at(std::string(150, 'd') + "/serve.sock");  // longer than sun_path
  ASSERT_TRUE(make_folders(folder_of(path)).ok());
  const Result<Fd> listening = hostlink::listen_at(path);
  ASSERT_TRUE(listening.ok()) << listening.error().message;
  const auto link = connect_to_model(path);
  ASSERT_TRUE(link.ok()) << link.error().message;
  const auto reply = (*link)->send({.target = "/ping"}, std::chrono::milliseconds(20));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kTimeout) << reply.error().message;
}

}  // namespace
}  // namespace clary::host
