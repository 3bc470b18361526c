#include "ingot/base/text_plot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ingot {
namespace {

TextPlot small() {
  TextPlot plot;
  plot.width = 9, plot.height = 5;
  plot.x_label = plot.y_label = [](double v) { return fmt::format("{:g}", v); };
  return plot;
}

TEST(TextPlot, DrawsALineOverABand) {
  auto plot = small();
  plot.bands = {{"#", "all", {{0, 0, 4}, {8, 4, 4}}}};
  plot.lines = {{"*", "middle", {{0, 2}, {8, 4}}}};
  EXPECT_EQ(plot.to_string(),
            "4 ┤#######**\n"
            "  │###****#\n"
            "2 ┤***###\n"
            "  │####\n"
            "0 ┤##\n"
            "   0       8\n"
            "   * middle   # all\n");
}

TEST(TextPlot, FillsSteepLinesAndNothingOutsideThem) {
  auto plot = small();
  plot.lines = {{"*", "jump", {{0, 0}, {3.9, 0}, {4.1, 4}, {6, 4}}}, {"o", "whole", {{0, 0}, {8, 0}}}};
  const auto text = plot.to_string();
  EXPECT_NE(text.find("4 ┤     **\n"), std::string::npos) << text;
  EXPECT_NE(text.find("0 ┤ooooooooo\n"), std::string::npos) << text;
}

TEST(TextPlot, IsEmptyWithoutExtent) {
  auto plot = small();
  EXPECT_EQ(plot.to_string(), "");
  plot.lines = {{"*", "point", {{1, 1}}}};
  EXPECT_EQ(plot.to_string(), "");
}

}  // namespace
}  // namespace ingot
