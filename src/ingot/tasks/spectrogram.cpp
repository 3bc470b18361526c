#include "ingot/tasks/spectrogram.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ingot/base/file.h"
#include "ingot/data/image.h"
#include "ingot/tasks/svg.h"

namespace ingot {
namespace {

// Dark blue to yellow through green, evenly in lightness (points of matplotlib's viridis).
constexpr std::array<std::array<double, 3>, 6> kColours = {
    {{68, 1, 84}, {65, 68, 135}, {42, 120, 142}, {34, 168, 132}, {122, 209, 81}, {253, 231, 37}}};

std::array<uint8_t, 3> colour(double x) {
  const double at = std::clamp(x, 0.0, 1.0) * double(kColours.size() - 1);
  const auto i = std::min(size_t(at), kColours.size() - 2);
  std::array<uint8_t, 3> result{};
  for (size_t c = 0; c < 3; ++c)
    result[c] = uint8_t(kColours[i][c] + (kColours[i + 1][c] - kColours[i][c]) * (at - double(i)));
  return result;
}

}  // namespace

std::string spectrogram_svg(const std::vector<float>& mel, int64_t bins, double hop, const std::string& title,
                            const std::vector<SoundMark>& marks) {
  const auto frames = int64_t(mel.size()) / bins;
  auto sorted = mel;
  std::sort(sorted.begin(), sorted.end());
  const double low = sorted[sorted.size() / 20], high = std::max(low + 1e-6, double(sorted.back()));
  Image image{bins, frames, 3, {}};
  for (int64_t y = 0; y < bins; ++y)
    for (int64_t t = 0; t < frames; ++t)
      for (const auto c : colour((double(mel[size_t(t * bins + bins - 1 - y)]) - low) / (high - low)))
        image.pixels.push_back(c);

  const double left = 10, top = 30, height = 160, scale = std::clamp(900 / double(frames), 1.0, 8.0);
  const double width = scale * double(frames), second = scale / hop;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
      "<text x=\"{:.0f}\" y=\"20\">{}</text>\n"
      "<image x=\"{:.0f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{:.0f}\" preserveAspectRatio=\"none\" "
      "href=\"data:image/png;base64,{}\"/>\n",
      std::max(width, 420.0) + 2 * left, top + height + 50, left, xml_text(title), left, top, width, height,
      base64(encode_png(image)));
  for (const auto& mark : marks)
    svg += fmt::format(
        "<path d=\"M{0:.1f} {1:.0f}v6\" stroke=\"#222\"/><text x=\"{0:.1f}\" y=\"{2:.0f}\" "
        "text-anchor=\"middle\">{3}</text>\n",
        left + mark.seconds * second, top + height, top + height + 18, xml_text(mark.text == " " ? "␣" : mark.text));
  return svg + fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"#666\">{:.2f} s, {} mel bands</text></svg>\n", left,
                           top + height + 40, double(frames) * hop, bins);
}

}  // namespace ingot
