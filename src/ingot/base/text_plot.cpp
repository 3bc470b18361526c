#include "ingot/base/text_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace ingot {
namespace {

// Value at x of a polyline with ascending x; nothing outside it.
template <typename Points, typename Y>
std::optional<double> value_at(const Points& points, double x, const Y& y) {
  if (points.empty() || x < std::get<0>(points.front()) || x > std::get<0>(points.back())) return std::nullopt;
  size_t i = 0;
  while (i + 1 < points.size() && std::get<0>(points[i + 1]) < x) ++i;
  if (i + 1 == points.size()) return y(points[i]);
  const double x0 = std::get<0>(points[i]), x1 = std::get<0>(points[i + 1]);
  const double t = x1 > x0 ? (x - x0) / (x1 - x0) : 0;
  return y(points[i]) * (1 - t) + y(points[i + 1]) * t;
}

}  // namespace

std::string TextPlot::to_string() const {
  const double far = std::numeric_limits<double>::infinity();
  double x_low = far, x_high = -far, low = 0, high = 0;  // zero is always in sight
  const auto see = [&](double x, double y0, double y1) {
    x_low = std::min(x_low, x), x_high = std::max(x_high, x), low = std::min(low, y0), high = std::max(high, y1);
  };
  for (const auto& b : bands)
    for (const auto& p : b.points) see(p[0], p[1], p[2]);
  for (const auto& l : lines)
    for (const auto& [x, y] : l.points) see(x, y, y);
  if (!(x_high > x_low) || !(high > low)) return "";

  std::vector<std::vector<std::string>> cell(height, std::vector<std::string>(width, " "));
  const auto row_of = [&](double y) {
    return std::min(height - 1, size_t(std::lround((high - y) / (high - low) * double(height - 1))));
  };
  const auto x_of = [&](size_t column) { return x_low + (x_high - x_low) * double(column) / double(width - 1); };
  for (const auto& b : bands)
    for (size_t c = 0; c < width; ++c) {
      const auto from = value_at(b.points, x_of(c), [](const auto& p) { return p[1]; });
      const auto to = value_at(b.points, x_of(c), [](const auto& p) { return p[2]; });
      if (from && to)
        for (size_t r = row_of(*to); r <= row_of(*from); ++r) cell[r][c] = b.shade;
    }
  for (const auto& l : lines) {
    std::optional<size_t> before;
    for (size_t c = 0; c < width; ++c) {
      const auto y = value_at(l.points, x_of(c), [](const auto& p) { return p.second; });
      if (!y) continue;
      const size_t r = row_of(*y);
      cell[r][c] = l.mark;
      // A steep line fills the rows it passes.
      for (size_t k = before.value_or(r); k + 1 < r; ++k) cell[k + 1][c] = l.mark;
      for (size_t k = before.value_or(r); k > r + 1; --k) cell[k - 1][c] = l.mark;
      before = r;
    }
  }

  std::vector<std::string> label(height);
  size_t label_width = 0;
  for (const size_t r : {size_t{0}, (height - 1) / 2, height - 1})
    label[r] = y_label(high - (high - low) * double(r) / double(height - 1));
  for (const auto& l : label) label_width = std::max(label_width, l.size());
  std::string out;
  for (size_t r = 0; r < height; ++r) {
    std::string line;
    for (const auto& c : cell[r]) line += c;
    line.erase(line.find_last_not_of(' ') + 1);
    out += fmt::format("{:>{}} {}{}\n", label[r], label_width, label[r].empty() ? "│" : "┤", line);
  }
  const std::string left = x_label(x_low), right = x_label(x_high);
  out += fmt::format("{:>{}}{:>{}}\n", left, label_width + 2 + left.size(), right, width - left.size());
  std::string legend;
  for (const auto& l : lines) legend += (legend.empty() ? "" : "   ") + l.mark + " " + l.name;
  for (const auto& b : bands) legend += (legend.empty() ? "" : "   ") + b.shade + " " + b.name;
  return out + fmt::format("{:>{}}{}\n", "", label_width + 2, legend);
}

}  // namespace ingot
