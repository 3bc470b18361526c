#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/base/quantile.h"
#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::market {
namespace {

using report::both;
using report::chart;
using report::report_table;
using report::section;

std::string number(double x) { return fmt::format("{:.6g}", x); }

}  // namespace

TextTable estimate_csv(const EstimateInput& in, const EstimateResult& r) {
  TextTable csv({"market", "product", "firm", "share", "price", "delta", "xi", "own_elasticity", "cost", "lerner"});
  const BlpData& d = in.data;
  const auto text = [](double x) { return fmt::format("{:.12g}", x); };
  for (size_t i = 0; i < d.share.size(); ++i)
    csv.add({in.markets[size_t(d.market[i])], in.products[i], in.firms[size_t(d.firm[i])], text(d.share[i]),
             text(d.price[i]), text(r.estimate.delta[i]), text(r.estimate.xi[i]), text(r.own_elasticity[i]),
             text(r.cost[i]), text(r.lerner[i])});
  return csv;
}

report::View estimate_view(const EstimateInput& in, const EstimateResult& r, const std::string& title) {
  report::View view;
  const BlpEstimate& e = r.estimate;
  const BlpData& d = in.data;

  // 1. Parameters.
  TextTable parameters({"parameter", "estimate", "standard error", "t"});
  Json linear = Json::array(), nonlinear = Json::array(), supply = Json::array(), rows = Json::array();
  const auto add = [&](const std::string& name, double value, double se, Json& list, Json item) {
    parameters.add({name, number(value), number(se), se > 0 ? fmt::format("{:.2f}", value / se) : ""});
    rows.push_back({name, value, se});
    item["estimate"] = value, item["standard_error"] = se;
    list.push_back(item);
  };
  for (size_t k = 0; k < e.beta.size(); ++k)
    add("beta " + in.linear[k], e.beta[k], e.beta_se[k], linear, {{"column", in.linear[k]}});
  for (size_t k = 0; k < e.theta.sigma.size(); ++k)
    if (e.theta.sigma[k] != 0)
      add("sigma " + in.random[k], e.theta.sigma[k], e.theta_se.sigma[k], nonlinear,
          {{"kind", "sigma"}, {"column", in.random[k]}});
  for (size_t k = 0; k < in.random.size(); ++k)
    for (size_t c = 0; c < in.demographics.size(); ++c)
      if (const size_t at = k * in.demographics.size() + c; e.theta.pi[at] != 0)
        add("pi " + in.random[k] + " x " + in.demographics[c], e.theta.pi[at], e.theta_se.pi[at], nonlinear,
            {{"kind", "pi"}, {"column", in.random[k]}, {"demographic", in.demographics[c]}});
  for (size_t k = 0; k < e.gamma.size(); ++k)
    add("gamma " + in.costs[k], e.gamma[k], e.gamma_se[k], supply, {{"column", in.costs[k]}});
  const std::string status = e.converged ? "" : "not converged: " + e.why + "; the figures are not an estimate";
  view.tables.emplace_back(status, parameters);

  // 2. Markets.
  double mean = 0;
  for (const double x : r.own_elasticity) mean += x / double(r.own_elasticity.size());
  TextTable markets({"market", "products", "mean own elasticity", "HHI"});
  Json market_list = Json::array(), market_rows = Json::array();
  for (size_t t = 0; t < in.markets.size(); ++t) {
    const auto count = std::count(d.market.begin(), d.market.end(), int32_t(t));
    if (t < 10)
      markets.add({in.markets[t], std::to_string(count), fmt::format("{:.6f}", r.market_elasticity[t]),
                   fmt::format("{:.3f}", r.market_hhi[t])});
    market_rows.push_back({in.markets[t], count, r.market_elasticity[t], r.market_hhi[t]});
    market_list.push_back({{"market", in.markets[t]},
                           {"products", count},
                           {"mean_own_elasticity", r.market_elasticity[t]},
                           {"hhi", r.market_hhi[t]}});
  }
  view.tables.emplace_back(
      in.markets.size() > 10 ? fmt::format("the first 10 of {} markets", in.markets.size()) : "markets", markets);
  if (e.converged) view.notes.push_back("converged");
  view.notes.push_back(fmt::format("objective {:.12g}, largest gradient {:.1e}, {} evaluations, {} share contractions",
                                   e.objective, e.max_gradient, e.evaluations, e.contractions));
  view.notes.push_back(fmt::format("own elasticity: mean {:.6f}, median {:.6f}", mean, median(r.own_elasticity)));
  view.notes.push_back(fmt::format("implied marginal cost: median {:.8g}; Lerner index: median {:.8f}", median(r.cost),
                                   median(r.lerner)));

  // 3. For programs.
  Json scatter = Json::array();
  for (size_t i = 0; i < d.share.size(); i += 1 + d.share.size() / 1000)
    scatter.push_back({d.price[i], r.own_elasticity[i], in.markets[size_t(d.market[i])] + " " + in.products[i]});
  view.json = {{"data", title},
               {"converged", e.converged},
               {"why", e.why},
               {"objective", e.objective},
               {"max_gradient", e.max_gradient},
               {"evaluations", e.evaluations},
               {"contractions", e.contractions},
               {"rows", d.share.size()},
               {"markets_count", in.markets.size()},
               {"alpha", e.beta[size_t(d.price_in_x1)]},
               {"linear", linear},
               {"nonlinear", nonlinear},
               {"costs", supply},
               {"mean_own_elasticity", mean},
               {"median_own_elasticity", median(r.own_elasticity)},
               {"median_cost", median(r.cost)},
               {"median_lerner", median(r.lerner)},
               {"markets", market_list}};

  // 4. The page.
  std::vector<double> sorted = r.own_elasticity;
  std::sort(sorted.begin(), sorted.end());
  constexpr int kBins = 24;
  const double low = sorted[sorted.size() / 200], high = sorted[sorted.size() - 1 - sorted.size() / 200];
  Json categories = Json::array(), counts = Json::array();
  for (int b = 0; b < kBins && high > low; ++b) {
    const double from = low + (high - low) * b / kBins, to = low + (high - low) * (b + 1) / kBins;
    categories.push_back(fmt::format("{:.2f}", 0.5 * (from + to)));
    counts.push_back(std::upper_bound(sorted.begin(), sorted.end(), to) -
                     std::lower_bound(sorted.begin(), sorted.end(), from));
  }
  Json blocks = Json::array();
  Json note = {{"type", "note"}, {"tone", e.converged ? "good" : "warning"}};
  note["text"] = e.converged ? both("The search converged.", "搜索已收敛。")
                             : both(status, "未收敛：" + e.why + "；以下数字不是估计值");
  blocks.push_back(note);
  Json kpis = Json::array();
  const auto kpi = [&](Json label, double value, const std::string& format) {
    kpis.push_back({{"label", std::move(label)}, {"value", value}, {"format", format}});
  };
  kpi(both("GMM objective", "GMM 目标值"), e.objective, "fixed4");
  kpi(both("Price coefficient", "价格系数"), e.beta[size_t(d.price_in_x1)], "fixed3");
  kpi(both("Median own elasticity", "自价格弹性中位数"), median(r.own_elasticity), "fixed2");
  kpi(both("Median Lerner index", "勒纳指数中位数"), median(r.lerner), "percent");
  blocks.push_back({{"type", "kpis"}, {"items", kpis}});
  blocks.push_back(report_table(both("Parameters", "参数"),
                                {{both("Parameter", "参数"), ""},
                                 {both("Estimate", "估计值"), "fixed4"},
                                 {both("Standard error", "标准误"), "fixed4"}},
                                rows));
  const auto one_series = [](Json name, const Json& data) {
    Json series;
    series["name"] = std::move(name), series["data"] = data;
    return Json::array({series});
  };
  if (!categories.empty()) {
    Json bars;
    bars["categories"] = categories;
    bars["series"] = one_series(both("Products", "产品数"), counts);
    bars["x"]["title"] = both("elasticity", "弹性");
    bars["y"]["format"] = "int";
    blocks.push_back(chart("bar", both("Own-price elasticities", "自价格弹性分布"), bars));
  }
  Json points;
  points["series"] = one_series(both("Product and market", "产品与市场"), scatter);
  points["x"]["title"] = both("price", "价格");
  points["y"]["title"] = both("own elasticity", "自价格弹性");
  blocks.push_back(chart("scatter", both("Elasticity against price", "弹性与价格"), points));
  Json all;
  all["type"] = "details", all["title"] = both("All markets", "所有市场");
  all["blocks"] = Json::array();
  all["blocks"].push_back(report_table(both("Markets", "市场"),
                                       {{both("Market", "市场"), ""},
                                        {both("Products", "产品数"), "int"},
                                        {both("Mean own elasticity", "平均自价格弹性"), "fixed3"},
                                        {both("HHI", "赫芬达尔指数"), "int"}},
                                       market_rows));
  blocks.push_back(all);
  view.sections.push_back(section("estimate", both("Demand estimate", "需求估计"),
                                  in.random.empty()
                                      ? both("Logit by instrumental variables (Berry 1994) on " + title,
                                             "工具变量 logit（Berry 1994），数据：" + title)
                                      : both("Random-coefficient logit (Berry, Levinsohn & Pakes 1995) on " + title,
                                             "随机系数 logit（Berry、Levinsohn 与 Pakes 1995），数据：" + title),
                                  blocks));
  return view;
}

}  // namespace ingot::market
