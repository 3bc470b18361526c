// A chart of characters for a terminal.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

struct TextPlot {
  struct Band {
    std::string shade, name;                    // one column wide, as in "░"
    std::vector<std::array<double, 3>> points;  // x ascending, low, high
  };
  struct Line {
    std::string mark, name;
    std::vector<std::pair<double, double>> points;  // x ascending; straight between them
  };
  std::vector<Band> bands;  // drawn in order, lines on top
  std::vector<Line> lines;
  std::function<std::string(double)> x_label, y_label;
  size_t width = 72, height = 14;  // of the plotting area, in characters

  // Empty when there is nothing to draw.
  std::string to_string() const;
};

}  // namespace ingot
