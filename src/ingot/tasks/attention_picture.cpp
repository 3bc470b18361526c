#include "ingot/tasks/attention_picture.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/torch.h>

#include "ingot/base/text_table.h"
#include "ingot/data/unicode.h"
#include "ingot/tasks/svg.h"

namespace ingot {

std::string token_label(const Tokenizer& tokenizer, int64_t id) {
  auto text = tokenizer.token_bytes(int32_t(id));
  if (text.size() > 1 && text.starts_with(' ')) text.erase(0, 1);
  if (text == " ") return "\u2423";  // open box
  std::string label;
  for (const auto piece : characters(text)) {
    const char* p = piece.data();
    if (is_control(next_code_point(p, piece.data() + piece.size())) || piece == "\n" || piece == "\t" || piece == "\r")
      label += fmt::format("\\x{:02x}", uint8_t(piece[0]));
    else
      label += piece;
  }
  return label;
}

std::string attention_svg(const AttentionPicture& picture) {
  constexpr double kCell = 22, kCharacter = 7.2, kLine = 17;  // a Latin character of 12 px is about 7 wide, CJK twice
  const auto width_of = [](const std::vector<std::string>& labels) {
    size_t widest = 1;
    for (const auto& label : labels) widest = std::max(widest, display_width(label));
    return kCharacter * double(widest);
  };
  const auto weights = picture.weights.to(at::kCPU, at::kDouble).contiguous();
  const double darkest = std::max(weights.max().item<double>(), 1e-9);  // of a long text each part is small
  auto captions = picture.captions;
  captions.push_back(fmt::format("darkest: {:.1f} %", 100 * darkest));
  const auto R = int64_t(picture.rows.size()), C = int64_t(picture.columns.size());
  const double left = width_of(picture.rows) + 16;
  const double top = kLine * double(captions.size()) + 12 + 0.77 * width_of(picture.columns) + 12;  // at 50 deg
  const double right = 0.64 * width_of(picture.columns) + 16;
  const double width = std::max(left + kCell * double(C) + right, width_of(captions) + 16);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      width, top + kCell * double(R) + 10);
  for (size_t i = 0; i < captions.size(); ++i)
    svg += fmt::format("<text x=\"8\" y=\"{:.0f}\">{}</text>\n", kLine * double(i + 1), xml_text(captions[i]));
  for (int64_t j = 0; j < C; ++j)
    svg += fmt::format(
        "<text transform=\"translate({:.1f} {:.1f}) rotate(-50)\"{}>{}</text>\n", left + kCell * (double(j) + 0.6),
        top - 5, j >= picture.marked.first && j <= picture.marked.second ? " fill=\"#c22\" font-weight=\"bold\"" : "",
        xml_text(picture.columns[size_t(j)]));
  for (int64_t i = 0; i < R; ++i) {
    const double y = top + kCell * double(i);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", left - 6, y + kCell / 2 + 4,
                       xml_text(picture.rows[size_t(i)]));
    for (int64_t j = 0; j < C; ++j) {
      const double share = weights.data_ptr<double>()[i * C + j];
      const double ink = std::sqrt(std::max(share, 0.) / darkest);  // the root, so that faint reading shows
      svg += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"rgb({:.0f},{:.0f},{:.0f})\">"
          "<title>{} reads {}: {:.1f} %</title></rect>\n",
          left + kCell * double(j), y, kCell - 1, kCell - 1, 247 - 215 * ink, 250 - 170 * ink, 252 - 100 * ink,
          xml_text(picture.rows[size_t(i)]), xml_text(picture.columns[size_t(j)]), 100 * share);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace ingot
