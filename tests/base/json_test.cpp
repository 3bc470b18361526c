#include "ingot/base/json.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"

namespace ingot {

TEST(Json, RejectsWhatNlohmannAccepts) {
  EXPECT_THROW(parse_json(R"({"a":1,"a":2})", "t"), Error);
  EXPECT_NO_THROW(parse_json(R"({"a":{"b":1},"c":{"b":1}})", "t"));
  EXPECT_THROW(parse_json(std::string(200, '[') + std::string(200, ']'), "t"), Error);
  EXPECT_THROW(parse_json(std::string(1000000, '['), "t"), Error);
}

TEST(Json, RejectsMalformedText) {
  for (const char* text : {"", "{", "[1,]", "nul", "{\"a\":}", "\"\xff\"", "1e999", "[1] x"})
    EXPECT_THROW(parse_json(text, "t"), Error) << text;
}

TEST(Json, DumpReplacesInvalidUtf8) { EXPECT_EQ(to_text(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace ingot
