#include "ingot/tasks/binary_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>

#include "ingot/tasks/svg.h"

namespace ingot {
namespace {

constexpr int64_t kBins = 15;
constexpr int64_t kSmallestGroup = 100;  // below, a rate says little

Json number_or_null(double x) { return std::isfinite(x) ? Json(x) : Json(); }

std::map<uint32_t, Scored> by_group(const Scored& scored, const std::vector<uint32_t>& groups) {
  std::map<uint32_t, Scored> parts;
  for (size_t i = 0; i < groups.size(); ++i) {
    auto& part = parts[groups[i]];
    part.probability.push_back(scored.probability[i]);
    part.label.push_back(scored.label[i]);
  }
  return parts;
}

template <typename... Values>
std::string format(const char* form, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, form, values...);
  return text;
}

}  // namespace

double auc(const Scored& scored) {
  const size_t n = scored.label.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return scored.probability[a] < scored.probability[b]; });
  double positives = 0, rank_sum = 0;  // Mann & Whitney 1947
  for (size_t begin = 0, end; begin < n; begin = end) {
    for (end = begin + 1; end < n && scored.probability[order[end]] == scored.probability[order[begin]];) ++end;
    for (size_t i = begin; i < end; ++i) {
      positives += scored.label[order[i]];
      rank_sum += scored.label[order[i]] * 0.5 * double(begin + 1 + end);
    }
  }
  return (rank_sum - positives * (positives + 1) / 2) / (positives * (double(n) - positives));
}

double grouped_auc(const Scored& scored, const std::vector<uint32_t>& groups) {
  double sum = 0, weight = 0;
  for (const auto& [group, part] : by_group(scored, groups))
    if (const double value = auc(part); std::isfinite(value)) {
      sum += value * double(part.label.size());
      weight += double(part.label.size());
    }
  return sum / weight;
}

double log_loss(const Scored& scored) {
  double sum = 0;
  for (size_t i = 0; i < scored.label.size(); ++i) {
    const double p = scored.label[i] > 0 ? scored.probability[i] : 1 - scored.probability[i];
    sum -= std::log(std::max(p, 1e-15));
  }
  return sum / double(scored.label.size());
}

std::vector<ReliabilityBin> reliability(const Scored& scored) {
  std::vector<ReliabilityBin> bins(kBins);
  for (size_t i = 0; i < scored.label.size(); ++i) {
    auto& bin = bins[size_t(std::clamp(int64_t(scored.probability[i] * kBins), int64_t{0}, kBins - 1))];
    ++bin.count;
    bin.mean_probability += scored.probability[i];
    bin.observed += scored.label[i];
  }
  for (auto& bin : bins) {
    if (bin.count == 0) continue;
    bin.mean_probability /= double(bin.count);
    bin.observed /= double(bin.count);
  }
  return bins;
}

double expected_calibration_error(const std::vector<ReliabilityBin>& bins) {
  double sum = 0, count = 0;
  for (const auto& bin : bins) {
    sum += double(bin.count) * std::abs(bin.mean_probability - bin.observed);
    count += double(bin.count);
  }
  return sum / count;
}

Json audit(const Scored& scored, const std::vector<uint32_t>& groups, const std::vector<std::string>& names) {
  Json rows = Json::object();
  std::vector<double> selected_shares, true_positive_rates;
  for (const auto& [group, part] : by_group(scored, groups)) {
    double yes = 0, selected = 0, right = 0, sum = 0;
    const auto n = double(part.label.size());
    for (size_t i = 0; i < part.label.size(); ++i) {
      const bool take = part.probability[i] >= 0.5;
      yes += part.label[i];
      selected += take;
      right += take ? part.label[i] : 0;
      sum += part.probability[i];
    }
    rows[names[group]] = {{"records", part.label.size()},
                          {"base_rate", yes / n},
                          {"mean_probability", sum / n},
                          {"selected", selected / n},
                          {"true_positive_rate", number_or_null(right / yes)},
                          {"false_positive_rate", number_or_null((selected - right) / (n - yes))},
                          {"auc", number_or_null(auc(part))},
                          {"ece", expected_calibration_error(reliability(part))}};
    if (n < kSmallestGroup) continue;
    selected_shares.push_back(selected / n);
    if (yes > 0) true_positive_rates.push_back(right / yes);
  }
  const auto gap = [](const std::vector<double>& v) {
    if (v.size() < 2) return Json();
    const auto [low, high] = std::minmax_element(v.begin(), v.end());
    return Json(*high - *low);
  };
  return {{"groups", rows},
          {"demographic_parity_gap", gap(selected_shares)},
          {"equal_opportunity_gap", gap(true_positive_rates)}};
}

std::string reliability_svg(const std::string& title,
                            const std::vector<std::pair<std::string, std::vector<ReliabilityBin>>>& curves) {
  constexpr double kLeft = 56, kTop = 36, kSide = 320;
  constexpr const char* kColors[] = {"#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#475569"};
  const auto x = [&](double p) { return kLeft + kSide * p; };
  const auto y = [&](double p) { return kTop + kSide * (1 - p); };
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 520 420\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"520\" height=\"420\" fill=\"#fff\"/>\n<text x=\"56\" y=\"22\" font-size=\"14\">" +
      xml_text(title) + "</text>\n";
  for (int i = 0; i <= 5; ++i) {
    const double p = i / 5.0;
    svg +=
        format("<path d=\"M%.1f %.1fH%.1fM%.1f %.1fV%.1f\" stroke=\"#e5e7eb\"/>\n", x(0), y(p), x(1), x(p), y(0), y(1));
    svg += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.1f</text>\n", x(0) - 6, y(p) + 4, p);
    svg += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.1f</text>\n", x(p), y(0) + 18, p);
  }
  svg += format("<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#9ca3af\" stroke-dasharray=\"4 4\"/>\n", x(0), y(0), x(1),
                y(1));
  svg += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">predicted probability</text>\n", x(0.5), y(0) + 40);
  svg += format("<text transform=\"translate(18 %.1f) rotate(-90)\" text-anchor=\"middle\">observed share</text>\n",
                y(0.5));
  for (size_t c = 0; c < curves.size(); ++c) {
    const auto& [name, bins] = curves[c];
    const char* const color = kColors[c % std::size(kColors)];
    int64_t total = 0, largest = 1;
    std::string line, dots;
    for (const auto& bin : bins) total += bin.count, largest = std::max(largest, bin.count);
    for (const auto& bin : bins) {
      if (bin.count == 0) continue;
      line += format("%c%.1f %.1f", line.empty() ? 'M' : 'L', x(bin.mean_probability), y(bin.observed));
      dots += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"><title>%lld records</title></circle>\n",
                     x(bin.mean_probability), y(bin.observed), 2 + 5 * std::sqrt(double(bin.count) / double(largest)),
                     color, static_cast<long long>(bin.count));
    }
    svg += "<path d=\"" + line + "\" fill=\"none\" stroke=\"" + color + "\"/>\n" + dots;
    svg += format("<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">", x(1) + 14, kTop + 14 + 34 * double(c), color) +
           xml_text(name) + "</text>\n";
    svg += format("<text x=\"%.1f\" y=\"%.1f\" fill=\"#475569\">%lld, ECE %.3f</text>\n", x(1) + 14,
                  kTop + 28 + 34 * double(c), static_cast<long long>(total), expected_calibration_error(bins));
  }
  return svg + "</svg>\n";
}

}  // namespace ingot
