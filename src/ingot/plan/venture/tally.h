// What a simulation keeps: counts, whole-number sums and fixed histograms in one array of integers. Adding two tallies
// is exact and has no order, so the result does not depend on threads, chunks, shards or MPI ranks; memory is flat.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/plan/venture/month.h"

namespace ingot::venture {

enum class Scale { Log, Share, Signed };  // sixteen bins an octave from 2^-30 to 2^44; 0 to 1; -100 to 300 points

struct Layout {
  static constexpr int kBins = 1184, kEvery = 3;               // histograms at every third month
  enum Count { Alive, Lead, Closings, Unsolved, RivalAlive };  // RivalAlive + f
  enum Sum {
    Revenue,
    Receipts,
    Fixed,
    Compute,
    Serving,
    Research,
    Service,
    Tax,
    Other,
    Financing,
    Cash,
    Units,
    NumSums
  };
  enum Fan { CashFan, RevenueFan, GpuFan, ClimateFan, MarginFan, NumFans };  // then level, share and price of each
  enum End {
    FounderValue,
    FounderShare,
    Raised,
    Rounds,
    Need,
    CompanyValue,
    FirstAmount,
    FirstPreMoney,
    FirstMonth,
    NumEnds
  };

  int months = 0, firms = 0, products = 0;
  explicit Layout(const Numbers& n)
      : months(n.months()), firms(int(n.firms.size())), products(int(n.products.size())) {}

  int points() const { return months / kEvery; }
  int fans() const { return NumFans + firms + 2 * products; }
  int level(int firm) const { return NumFans + firm; }
  int share(int product) const { return NumFans + firms + product; }
  int price(int product) const { return NumFans + firms + products + product; }
  int counts() const { return RivalAlive + firms; }
  Scale fan_scale(int fan) const;
  static Scale end_scale(int end) { return end == FounderShare ? Scale::Share : Scale::Log; }

  size_t paths() const { return 0; }
  size_t first() const { return 1; }  // paths that closed a round
  size_t count(int c, int m) const { return 2 + size_t(c) * size_t(months) + size_t(m); }
  size_t sum(int s, int m) const { return count(counts(), 0) + size_t(s) * size_t(months) + size_t(m); }
  size_t end_sum(int e) const { return sum(NumSums, 0) + size_t(e); }
  size_t fan(int f, int point) const {
    return end_sum(NumEnds) + (size_t(f) * size_t(points()) + size_t(point)) * kBins;
  }
  size_t end(int e) const { return fan(fans(), 0) + size_t(e) * kBins; }
  size_t size() const { return end(NumEnds); }
};

int bin_of(Scale scale, double value);
// Value at `part` (0 to 1) of a bin.
double value_in(Scale scale, int bin, double part);

class Tally {
 public:
  explicit Tally(const Layout& layout) : layout_(layout), cells_(layout.size(), 0) {}
  const Layout& layout() const { return layout_; }
  void add_month(int m, const MonthRecord& record);
  void add_end(const Path::End& end, const Closing& first, int first_month);
  void merge(const Tally& other);

  uint64_t paths() const { return uint64_t(cells_[layout_.paths()]); }
  double probability(int count, int month) const;  // Alive, Lead, RivalAlive + f
  double error(int count, int month) const;        // standard error of it
  double mean(Layout::Sum sum, int month) const;
  double end_mean(Layout::End end) const;
  double first_share() const;  // of paths that closed a round
  // Quantiles of a fan at point p (month (p + 1) * kEvery), over all paths; of an end value.
  double fan(int fan, int point, double q) const;
  double end(int end, double q) const;

  std::vector<int64_t>& cells() { return cells_; }
  const std::vector<int64_t>& cells() const { return cells_; }

 private:
  double quantile(size_t at, Scale scale, double q) const;
  Layout layout_;
  std::vector<int64_t> cells_;
};

}  // namespace ingot::venture
