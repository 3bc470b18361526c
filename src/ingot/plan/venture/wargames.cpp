// The blows that every plan is asked to take: a rival's price cut, open weights, a GPU shortage, a merger, a winter.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "ingot/plan/report/report.h"
#include "ingot/plan/venture/plan.h"

namespace ingot::venture {

using report::both;

std::vector<WarGame> wargames_of(const Venture& v, const Numbers& n, const std::vector<int>& position) {
  std::vector<WarGame> games;
  const auto& w = v.wargames;
  std::vector<double> share(n.firms.size(), 0);
  for (const auto& p : n.products)
    share[size_t(p.firm)] += p.fringe >= 0 ? 0 : std::max(p.share, 1e-9 * std::exp(p.base));
  std::vector<int> rivals;
  for (size_t f = 1; f < share.size(); ++f)
    if (share[f] > 0) rivals.push_back(int(f));
  std::stable_sort(rivals.begin(), rivals.end(), [&](int a, int b) { return share[size_t(a)] > share[size_t(b)]; });
  const auto place = [&](const std::string& name) { return position[size_t(v.industry.firm_index(name))]; };
  if (const int cutter = !w.cutter.empty() ? place(w.cutter) : rivals.empty() ? -1 : rivals[0]; cutter > 0) {
    const auto& name = n.firms[size_t(cutter)].name;
    games.push_back({"price_cut",
                     both(fmt::format("{} cuts its price to {:.0f} %", name, 100 * w.price_cut),
                          fmt::format("{} 降价至 {:.0f}%", name, 100 * w.price_cut)),
                     {{.kind = ShockKind::PriceCut,
                       .month = w.month,
                       .months = w.price_months,
                       .firm = cutter,
                       .size = w.price_cut}}});
  }
  games.push_back({"open_frontier",
                   both("open weights at the frontier", "前沿开放权重发布"),
                   {{.kind = ShockKind::OpenFrontier, .month = w.month}}});
  games.push_back(
      {"gpu_shortage",
       both(fmt::format("GPU shortage, price x {:.1f}", w.gpu_price),
            fmt::format("GPU 短缺，价格 ×{:.1f}", w.gpu_price)),
       {{.kind = ShockKind::GpuPrice, .month = w.month, .months = w.shortage_months, .size = w.gpu_price}}});
  std::optional<std::pair<int, int>> merger;
  if (!w.merger.empty())
    merger = {place(w.merger[0]), place(w.merger[1])};
  else if (rivals.size() >= 2)
    merger = {rivals[0], rivals[1]};
  if (merger) {
    require("plan", merger->first > 0 && merger->second > 0 && merger->first != merger->second,
            "wargames.merger names us or one firm twice, expected two rivals");
    games.push_back(
        {"merger",
         both(n.firms[size_t(merger->first)].name + " and " + n.firms[size_t(merger->second)].name + " merge",
              n.firms[size_t(merger->first)].name + " 与 " + n.firms[size_t(merger->second)].name + " 合并"),
         {{.kind = ShockKind::Merger, .month = w.month, .firm = merger->first, .other = merger->second}}});
  }
  games.push_back(
      {"funding_winter",
       both(fmt::format("funding winter, valuations x {:.2f}", w.winter),
            fmt::format("融资寒冬，估值 ×{:.2f}", w.winter)),
       {{.kind = ShockKind::FundingWinter, .month = w.month, .months = w.winter_months, .size = w.winter}}});
  return games;
}

}  // namespace ingot::venture
