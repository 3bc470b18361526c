#include "ingot/tasks/classification_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/tasks/svg.h"

namespace ingot {
namespace {

constexpr int64_t kBins = 15;

std::string svg_open(double width, double height) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"11\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      width, height);
}

}  // namespace

ClassificationReport::ClassificationReport(std::vector<std::string> names)
    : names_(std::move(names)), confusion_(names_.size() * names_.size()), bins_(kBins) {}

void ClassificationReport::add(int64_t label, int64_t guess, int64_t rank, double confidence, double loss) {
  auto& bin = bins_[size_t(std::clamp<int64_t>(int64_t(std::ceil(confidence * kBins)) - 1, 0, kBins - 1))];
  confusion_[size_t(label) * names_.size() + size_t(guess)] += 1;
  bin.samples += 1;
  bin.right += guess == label;
  bin.confidence += confidence;
  samples_ += 1;
  right_ += guess == label;
  among_five_ += rank < 5;
  loss_ += loss;
}

void ClassificationReport::add(int64_t label, std::span<const float> log_p) {
  int64_t guess = 0, rank = 0;
  for (size_t k = 0; k < log_p.size(); ++k) {
    if (log_p[k] > log_p[size_t(guess)]) guess = int64_t(k);
    rank += log_p[k] > log_p[size_t(label)];
  }
  add(label, guess, rank, std::exp(double(log_p[size_t(guess)])), -double(log_p[size_t(label)]));
}

int64_t ClassificationReport::count(int64_t label, int64_t guess) const {
  return confusion_[size_t(label) * names_.size() + size_t(guess)];
}

double ClassificationReport::ece() const {
  double sum = 0;
  for (const auto& bin : bins_) sum += std::abs(double(bin.right) - bin.confidence);
  return sum / double(samples_);
}

double ClassificationReport::macro_f1() const {
  const auto C = int64_t(names_.size());
  double sum = 0;
  int64_t classes = 0;
  for (int64_t k = 0; k < C; ++k) {
    int64_t labelled = 0, guessed = 0;
    for (int64_t j = 0; j < C; ++j) labelled += count(k, j), guessed += count(j, k);
    if (labelled + guessed == 0) continue;
    sum += 2 * double(count(k, k)) / double(labelled + guessed);
    classes += 1;
  }
  return sum / double(classes);
}

Json ClassificationReport::metrics() const {
  const double n = double(samples_);
  Json result = {{"loss", loss_ / n}, {"accuracy", double(right_) / n}, {"f1", macro_f1()}};
  if (names_.size() > 5) result["top5"] = double(among_five_) / n;
  result["ece"] = ece();
  result["samples"] = samples_;
  return result;
}

std::string ClassificationReport::confusion_svg() const {
  const auto C = int64_t(names_.size());
  const bool numbers = C <= 20;  // more would not be legible
  const double cell = numbers ? 34 : 600.0 / double(C), left = 110, top = 110;
  std::string svg = svg_open(left + cell * double(C) + 50, top + cell * double(C) + 10);
  svg +=
      fmt::format("<text x=\"6\" y=\"16\">rows: label, columns: guess, percent of the row; accuracy {:.2f} %</text>\n",
                  100 * double(right_) / double(samples_));
  for (int64_t i = 0; i < C; ++i) {
    int64_t row = 0;
    for (int64_t j = 0; j < C; ++j) row += count(i, j);
    const double y = top + cell * double(i);
    if (numbers) {
      svg += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"end\">{}</text>\n", left - 6, y + cell / 2 + 4,
                         xml_text(names_[size_t(i)]));
      svg += fmt::format("<text transform=\"translate({:.0f} {:.0f}) rotate(-50)\">{}</text>\n",
                         left + cell * (double(i) + 0.5), top - 6, xml_text(names_[size_t(i)]));
    }
    for (int64_t j = 0; j < C; ++j) {
      const double share = row ? double(count(i, j)) / double(row) : 0, x = left + cell * double(j);
      const double ink = std::sqrt(share);  // the root, so that rare errors show
      svg += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"rgb({:.0f},{:.0f},{:.0f})\"/>", x,
          y, cell, cell, 255 - 210 * ink, 255 - 150 * ink, 255 - 80 * ink);
      if (numbers && count(i, j) > 0)
        svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"{}\">{:.{}f}</text>\n",
                           x + cell / 2, y + cell / 2 + 4, share > 0.4 ? "#fff" : "#222", 100 * share,
                           share < 0.0995 ? 1 : 0);
    }
  }
  return svg + "</svg>\n";
}

std::string ClassificationReport::reliability_svg() const {
  const double side = 360, left = 50, top = 30, step = side / kBins;
  std::string svg = svg_open(side + 70, side + 80);
  svg += fmt::format("<text x=\"{:.0f}\" y=\"18\">accuracy by confidence; expected calibration error {:.4f}</text>\n",
                     left, ece());
  for (int64_t i = 0; i < kBins; ++i) {
    const auto& bin = bins_[size_t(i)];
    if (bin.samples == 0) continue;
    const double accuracy = double(bin.right) / double(bin.samples);
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#4878a8\">"
        "<title>{} samples, confidence {:.3f}, accuracy {:.3f}</title></rect>\n",
        left + step * double(i) + 1, top + side * (1 - accuracy), step - 2, side * accuracy, bin.samples,
        bin.confidence / double(bin.samples), accuracy);
  }
  svg += fmt::format("<path d=\"M{0} {1}V{2}H{3}M{0} {2}L{3} {1}\" stroke=\"#222\" fill=\"none\"/>\n", left, top,
                     top + side, left + side);
  for (const double tick : {0.0, 0.5, 1.0}) {
    svg += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>", left + side * tick,
                       top + side + 16, tick);
    svg += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"end\">{}</text>\n", left - 6,
                       top + side * (1 - tick) + 4, tick);
  }
  return svg + fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\">confidence</text></svg>\n", left, top + side + 34);
}

void ClassificationReport::write_pictures(const fs::path& folder) const {
  write_file_atomic(folder / "confusion.svg", confusion_svg());
  write_file_atomic(folder / "reliability.svg", reliability_svg());
}

}  // namespace ingot
