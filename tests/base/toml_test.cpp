#include "ingot/base/toml.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"

namespace ingot {

TEST(Toml, KeepsOrderPlacesAndTypes) {
  const auto d = parse_toml("z = 1\na = 2.5\nwhen = 2026-11-24\n[t]\nb = [1, 2]\n", "f.toml");
  EXPECT_EQ(d.root.dump(), R"({"z":1,"a":2.5,"when":"2026-11-24","t":{"b":[1,2]}})");
  EXPECT_EQ(d.at("t.b"), "f.toml:5:1: t.b");
}

TEST(Toml, RoundTrips) {
  const Json value = {{"a", 1},
                      {"text", "say \"hi\"\n\\"},
                      {"x", 1e-7},
                      {"whole", 3.0},
                      {"t", {{"list", {1, 2}}, {"deep", {{"k", true}}}}},
                      {"rows", {{{"n", 1}}, {{"n", 2}}}}};
  EXPECT_EQ(parse_toml(to_toml(value), "w").root, value);
}

TEST(Toml, SyntaxErrorNamesLineAndColumn) {
  try {
    parse_toml("a = 1\nb = = 2\n", "bad.toml");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("bad.toml:2:"), std::string::npos) << e.what();
  }
  EXPECT_THROW(parse_toml("a = 1\na = 2\n", "dup.toml"), Error);
}

TEST(Toml, SetOverrides) {
  auto d = parse_toml("[train]\nsteps = 1\n", "f.toml");
  d.set("train.steps=50");
  d.set("train.schedule=cosine");
  d.set("new.list=[1, 2]");
  EXPECT_EQ(d.root["train"]["steps"], 50);
  EXPECT_EQ(d.root["train"]["schedule"], "cosine");
  EXPECT_EQ(d.root["new"]["list"].size(), 2u);
  EXPECT_EQ(d.at("train.steps"), "--set: train.steps");
  EXPECT_THROW(d.set("nonsense"), Error);
  EXPECT_THROW(d.set("train.steps.x=1"), Error);
}

}  // namespace ingot
