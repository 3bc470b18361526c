#include "ingot/base/config.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

enum class Colour { Red, Blue };

}  // namespace
template <>
struct EnumNames<Colour> {
  static constexpr std::pair<const char*, Colour> kValues[] = {{"red", Colour::Red}, {"blue", Colour::Blue}};
};
namespace {

struct Inner {
  double rate = 0.5;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("rate", self.rate, "a rate");
  }
};

struct Outer {
  int64_t steps = 100;
  int seed = 0;
  std::string name = "x";
  bool on = false;
  Colour colour = Colour::Red;
  std::vector<double> list;
  std::optional<int64_t> maybe;
  Inner inner;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("steps", self.steps, "steps");
    v("seed", self.seed, "seed");
    v("name", self.name, "name");
    v("on", self.on, "switch");
    v("colour", self.colour, "colour");
    v("list", self.list, "list");
    v("maybe", self.maybe, "optional");
    v("inner", self.inner, "nested");
  }
  Problems validate() const {
    Problems p;
    if (steps <= 0) p.push_back("steps: got " + std::to_string(steps) + ", expected > 0");
    return p;
  }
};

std::string error_of(const std::string& toml) {
  try {
    read_config<Outer>(parse_toml(toml, "r.toml"), "train");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Config, ReadsEveryKind) {
  const auto c = read_config<Outer>(
      parse_toml("[train]\nsteps = 5\nname = \"y\"\non = true\ncolour = \"blue\"\nlist = [1, 2.5]\nmaybe = 3\n"
                 "inner = {rate = 2}\n",
                 "r.toml"),
      "train");
  EXPECT_EQ(c.steps, 5);
  EXPECT_EQ(c.name, "y");
  EXPECT_TRUE(c.on);
  EXPECT_EQ(c.colour, Colour::Blue);
  EXPECT_EQ(c.list, (std::vector<double>{1, 2.5}));
  EXPECT_EQ(c.maybe, 3);
  EXPECT_EQ(c.inner.rate, 2);
}

TEST(Config, WritesWhatItReads) {
  Outer c;
  c.steps = 7;
  c.maybe = 4;
  c.inner.rate = 0.1;
  Json root = Json::object();
  root["train"] = write_config(c);
  const auto again = read_config<Outer>(parse_toml(to_toml(root), "w.toml"), "train");
  EXPECT_EQ(write_config(again), root["train"]);
}

TEST(Config, UnknownKeyNamesPlaceAndNearest) {
  EXPECT_EQ(error_of("[train]\nstepps = 5\n"), "[recipe] r.toml:2:1: train.stepps: unknown key; did you mean 'steps'?");
  EXPECT_NE(error_of("[train.inner]\nrat = 5\n").find("train.inner.rat: unknown key; did you mean 'rate'?"),
            std::string::npos);
}

TEST(Config, ReportsEveryProblemAtOnce) {
  const auto text = error_of("[train]\nsteps = 1.5\nname = 3\ncolour = \"bleu\"\nlist = 1\n");
  for (const char* part : {"train.steps: got 1.5, expected a whole number", "train.name: got 3, expected a string",
                           "did you mean 'blue'?", "train.list: got 1, expected a list"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Config, ValidatesAcrossFields) {
  EXPECT_EQ(error_of("[train]\nsteps = -1\n"), "[recipe] r.toml:2:1: train.steps: got -1, expected > 0");
}

TEST(Config, UnknownSectionIsAnError) {
  const auto document = parse_toml("[trian]\nsteps = 1\n", "r.toml");
  EXPECT_THROW(check_sections(document, {"train", "model"}), Error);
}

}  // namespace
}  // namespace ingot
