#include "ingot/tasks/attention_picture.h"

#include <gtest/gtest.h>
#include <pugixml.hpp>
#include <torch/torch.h>

#include "ingot/data/tokenizer_train.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

TEST(AttentionPicture, LabelsEveryTokenInValidText) {
  TokenizerTrainConfig config;
  config.kind = "bpe";  // of bytes: a Chinese character that is rare is cut in three
  config.vocab_size = 270;
  const std::string text = "a <b> & 猫\n";
  bool given = false;
  const auto tokenizer =
      train_tokenizer(config, [&](std::string& out) { return out = text, !std::exchange(given, true); });
  AttentionPicture picture;
  for (const auto id : tokenizer->encode(text)) picture.rows.push_back(token_label(*tokenizer, id));
  for (const auto& label : picture.rows) {
    EXPECT_TRUE(is_valid_utf8(label)) << label;
    EXPECT_FALSE(label.empty());
  }
  const auto id_of = [&](const char* bytes) { return tokenizer->encode(bytes)[0]; };
  EXPECT_EQ(token_label(*tokenizer, id_of("\n")), "\\x0a");
  EXPECT_EQ(token_label(*tokenizer, id_of(" ")), "\u2423");
  EXPECT_EQ(token_label(*tokenizer, id_of("\xE4")), "\\xe4");

  picture.columns = {"猫", "</s>"};
  picture.captions = {"R&D <1>"};
  picture.marked = {0, 0};
  picture.weights = at::full({int64_t(picture.rows.size()), 2}, 0.5);
  const auto svg = attention_svg(picture);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.c_str())) << svg;
  EXPECT_EQ(document.select_nodes("//rect[title]").size(), picture.rows.size() * 2);
  EXPECT_STREQ(document.select_node("//text").node().text().get(), "R&D <1>");
  EXPECT_NE(svg.find("darkest: 50.0 %"), std::string::npos);
  EXPECT_EQ(document.select_nodes("//text[@font-weight='bold']").size(), 1u);
}

}  // namespace
}  // namespace ingot
