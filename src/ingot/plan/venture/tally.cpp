#include "ingot/plan/venture/tally.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ingot::venture {
namespace {

constexpr double kLow = -100, kHigh = 300;  // points of capability
// Money is summed in hundreds: 2^63 hundreds are a hundred million paths of nine trillion.
int64_t rounded(double x) { return std::llround(x / 100); }

}  // namespace

Scale Layout::fan_scale(int fan) const {
  if (fan >= level(0) && fan < level(firms)) return Scale::Signed;
  if (fan == MarginFan || (fan >= share(0) && fan < share(products))) return Scale::Share;
  return Scale::Log;
}

int bin_of(Scale scale, double x) {
  constexpr int n = Layout::kBins;
  if (scale == Scale::Log) {
    if (!(x > 0x1p-30)) return 0;
    const auto bits = std::bit_cast<uint32_t>(float(std::min(x, 0x1p44)));
    return std::clamp(int(bits >> 19) - (97 << 4), 0, n - 1);  // exponent 97: 2^-30
  }
  const double part = scale == Scale::Share ? x : (x - kLow) / (kHigh - kLow);
  return part > 0 ? std::min(int(part * n), n - 1) : 0;
}

double value_in(Scale scale, int bin, double part) {
  constexpr int n = Layout::kBins;
  if (scale == Scale::Log) return bin == 0 ? 0 : std::ldexp(1 + (bin % 16 + part) / 16, bin / 16 - 30);
  const double x = (bin + part) / n;
  return scale == Scale::Share ? (bin == 0 ? x * part : x) : kLow + x * (kHigh - kLow);
}

void Tally::add_month(int m, const MonthRecord& r) {
  const auto& l = layout_;
  cells_[l.count(Layout::Alive, m)] += r.alive;
  cells_[l.count(Layout::Lead, m)] += r.lead;
  cells_[l.count(Layout::Closings, m)] += r.closing.closed;
  cells_[l.count(Layout::Unsolved, m)] += !r.solved;
  for (int f = 0; f < l.firms; ++f) cells_[l.count(Layout::RivalAlive + f, m)] += r.firm_alive[f];
  const double flows[Layout::NumSums] = {r.revenue, r.receipts, r.fixed, r.compute,   r.serving, r.research,
                                         r.service, r.tax,      r.other, r.financing, r.cash,    r.units};
  for (int s = 0; s < Layout::NumSums; ++s) cells_[l.sum(s, m)] += rounded(flows[s]);
  if ((m + 1) % Layout::kEvery != 0) return;
  const int point = (m + 1) / Layout::kEvery - 1;
  const auto count = [&](int fan, double value) {
    ++cells_[l.fan(fan, point) + size_t(bin_of(l.fan_scale(fan), value))];
  };
  count(Layout::CashFan, r.alive ? r.cash : 0);
  count(Layout::RevenueFan, r.revenue);
  count(Layout::GpuFan, r.gpu);
  count(Layout::ClimateFan, r.climate);
  count(Layout::MarginFan, r.revenue > 0 ? (r.revenue - r.serving) / r.revenue : 0);
  for (int f = 0; f < l.firms; ++f) count(l.level(f), r.level[f]);
  for (int j = 0; j < l.products; ++j) count(l.share(j), r.share[j]), count(l.price(j), r.price[j]);
}

void Tally::add_end(const Path::End& e, const Closing& first, int first_month) {
  const auto& l = layout_;
  ++cells_[l.paths()];
  const double values[Layout::NumEnds] = {e.founder_value, e.founder_share, e.raised,        e.rounds,           e.need,
                                          e.company_value, first.amount,    first.pre_money, double(first_month)};
  for (int i = 0; i < Layout::NumEnds; ++i) {
    if (i >= Layout::FirstAmount && !first.closed) continue;
    ++cells_[l.end(i) + size_t(bin_of(Layout::end_scale(i), values[i]))];
    // Shares, rounds and months in millionths, money in hundreds.
    const bool small = i == Layout::FounderShare || i == Layout::Rounds || i == Layout::FirstMonth;
    cells_[l.end_sum(i)] += small ? std::llround(values[i] * 1e6) : rounded(values[i]);
  }
  cells_[l.first()] += first.closed;
}

void Tally::merge(const Tally& other) {
  INGOT_INVARIANT(cells_.size() == other.cells_.size(), "tallies of one plan");
  for (size_t i = 0; i < cells_.size(); ++i) cells_[i] += other.cells_[i];
}

double Tally::probability(int count, int month) const {
  return paths() ? double(cells_[layout_.count(count, month)]) / double(paths()) : 0;
}
double Tally::error(int count, int month) const {
  const double p = probability(count, month);
  return paths() ? std::sqrt(p * (1 - p) / double(paths())) : 0;
}
double Tally::mean(Layout::Sum sum, int month) const {
  return paths() ? 100 * double(cells_[layout_.sum(sum, month)]) / double(paths()) : 0;
}
double Tally::first_share() const { return paths() ? double(cells_[layout_.first()]) / double(paths()) : 0; }
double Tally::end_mean(Layout::End e) const {
  const double n = e >= Layout::FirstAmount ? double(cells_[layout_.first()]) : double(paths());
  const bool small = e == Layout::FounderShare || e == Layout::Rounds || e == Layout::FirstMonth;
  return n > 0 ? double(cells_[layout_.end_sum(e)]) * (small ? 1e-6 : 100) / n : 0;
}

double Tally::fan(int fan, int point, double q) const {
  return quantile(layout_.fan(fan, point), layout_.fan_scale(fan), q);
}
double Tally::end(int e, double q) const { return quantile(layout_.end(e), Layout::end_scale(e), q); }

double Tally::quantile(size_t at, Scale scale, double q) const {
  int64_t total = 0, seen = 0;
  for (int b = 0; b < Layout::kBins; ++b) total += cells_[at + size_t(b)];
  if (total == 0) return 0;
  const double rank = q * double(total);
  for (int b = 0; b < Layout::kBins; ++b) {
    const auto here = cells_[at + size_t(b)];
    if (here > 0 && double(seen + here) >= rank)
      return value_in(scale, b, std::clamp((rank - double(seen)) / double(here), 0.0, 1.0));
    seen += here;
  }
  return value_in(scale, Layout::kBins - 1, 1);
}

}  // namespace ingot::venture
