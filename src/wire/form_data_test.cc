#include "wire/form_data.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clary::wire {
namespace {

class Shown final : public FormDataSink {
 public:
  Status begin_part(const FormPart& part) override {
    text += "[" + part.name + (part.file_name ? "|" + *part.file_name : "") + "|" +
            part.content_type + ":";
    return {};
  }
  Status part_bytes(std::string_view piece) override {
    text += piece;
    return {};
  }
  Status end_part() override {
    text += "]";
    return {};
  }
  std::string text;
};

// What a form holds, fed in pieces of `size` bytes.
std::string read(std::string_view form, std::size_t size) {
  Shown shown;
  FormDataReader reader("xyz", shown);
  for (; !form.empty(); form.remove_prefix(std::min(size, form.size()))) {
    if (const Status fed = reader.feed(form.substr(0, size)); !fed.ok())
      return "error: " + fed.error().message;
  }
  const Status ended = reader.finish();
  return ended.ok() ? shown.text : "error: " + ended.error().message;
}

constexpr std::string_view kForm =
    "--xyz\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nuser/${filename}\r\n"
    "--xyz\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
    "--xyz\r\ncontent-disposition: form-data; name=file; filename=\"a \\\"b\\\".txt\"\r\n"
    "Content-Type: text/plain\r\n\r\none\r\n--xy\r\n-two\r\n\r\n--xyz--\r\nafter";

TEST(FormData, IsReadAlikeInPiecesOfAnySize) {
  const std::string wanted =
      "[key|:user/${filename}][empty|:][file|a \"b\".txt|text/plain:one\r\n--xy\r\n-two\r\n]";
  for (const std::size_t size : {1U, 2U, 3U, 7U, 50U, 1000U}) EXPECT_EQ(read(kForm, size), wanted);
}

TEST(FormData, RefusesWhatIsNoForm) {
  for (const std::string_view form :
       {"", "no boundary at all", "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
        "--xyzz\r\n\r\n--xyz--", "--xyz\r\n\r\nx\r\n--xyz--",
        "--xyz\r\nno colon\r\n\r\nx\r\n--xyz--"})
    EXPECT_TRUE(read(form, 5).starts_with("error: ")) << form;
  EXPECT_TRUE(read("--xyz\r\nA: " + std::string(20'000, 'x'), 100).starts_with("error: "));
}

TEST(FormBoundary, IsReadFromTheContentType) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
  for (const char* other :
       {"text/plain; boundary=a", "multipart/form-data", "", "multipart/form-data; boundary="})
    EXPECT_EQ(form_boundary(other), std::nullopt) << other;
}

}  // namespace
}  // namespace clary::wire
