#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::market {
namespace {

using report::both;
using report::chart;
using report::percent;
using report::report_table;
using report::section;

// What one outcome says about a product or firm; absent where it does not exist.
struct Row {
  double price = 0, cost = 0, share = 0;
  double margin() const { return (price - cost) / price; }
};

std::map<std::string, Row> product_rows(const Outcome& o) {
  std::map<std::string, Row> rows;
  for (size_t j = 0; j < o.industry.offers.size(); ++j)
    rows[o.industry.offers[j].name] = {o.equilibrium.price[j], o.industry.offers[j].cost, o.equilibrium.share[j]};
  return rows;
}

std::map<std::string, double> profits(const Outcome& o) {
  std::map<std::string, double> out;
  std::vector<char> sells(o.industry.firms.size(), 0);
  for (const auto& offer : o.industry.offers) sells[size_t(offer.firm)] = 1;
  for (size_t f = 0; f < sells.size(); ++f)
    if (sells[f]) out[o.industry.firms[f]] = o.equilibrium.profit[f] * o.industry.size;
  return out;
}

Json status_word(Status status) {
  const char* zh = status == Status::Converged ? "已收敛" : status == Status::NotConverged ? "未收敛" : "并非均衡";
  return both(to_string(status), zh);
}

}  // namespace

TextTable scenario_csv(const std::vector<Outcome>& outcomes) {
  TextTable csv({"scenario", "status", "product", "firm", "price", "price_before", "share", "share_before", "margin",
                 "margin_before", "profit_of_firm", "hhi", "consumer_surplus"});
  const auto number = [](double x) { return fmt::format("{:.17g}", x); };
  const auto today = product_rows(outcomes.front());
  for (const auto& o : outcomes) {
    const auto rows = product_rows(o);
    const auto profit = profits(o);
    for (const auto& offer : o.industry.offers) {
      const Row& r = rows.at(offer.name);
      const auto before = today.find(offer.name);
      const bool old = before != today.end();
      const std::string& firm = o.industry.firms[size_t(offer.firm)];
      csv.add({o.name, to_string(o.equilibrium.status), offer.name, firm, number(r.price),
               old ? number(before->second.price) : "", number(r.share), old ? number(before->second.share) : "",
               number(r.margin()), old ? number(before->second.margin()) : "", number(profit.at(firm)),
               number(o.equilibrium.hhi), number(o.equilibrium.consumer_surplus * o.industry.size)});
    }
  }
  return csv;
}

report::View scenario_view(const std::vector<Outcome>& outcomes) {
  report::View view;
  const Outcome& today = outcomes.front();
  const Industry& m = today.industry;
  const std::string currency = ascii_lower(m.currency), money = currency + "_compact";

  // On the page; the terminal and programs get the name.
  const auto label = [&](size_t i) { return both(outcomes[i].name, outcomes[i].name_zh); };

  // 1. The market, one row a scenario.
  struct Totals {
    double revenue = 0, profit = 0, surplus = 0, mean_price = 0, inside = 0;
  };
  std::vector<Totals> totals;
  for (const auto& o : outcomes) {
    Totals t;
    for (size_t j = 0; j < o.equilibrium.price.size(); ++j) {
      t.revenue += o.equilibrium.price[j] * o.equilibrium.share[j] * o.industry.size;
      t.inside += o.equilibrium.share[j];
    }
    for (const auto& [firm, p] : profits(o)) t.profit += p;
    t.mean_price = t.revenue / o.industry.size / t.inside;
    t.surplus = o.equilibrium.consumer_surplus * o.industry.size;
    totals.push_back(t);
  }
  TextTable summary(
      {"scenario", "status", "mean price", "HHI", "outside", "revenue", "profit", "consumers", "total surplus"});
  Json rows = Json::array(), list = Json::array();
  Json surplus_bars = Json::array(), profit_bars = Json::array(), scenario_names = Json::array();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& [name, name_zh, industry, e] = outcomes[i];
    const auto& t = totals[i];
    const double d_surplus = t.surplus - totals[0].surplus, d_profit = t.profit - totals[0].profit;
    const auto delta = [&](double x) {
      return i == 0 ? std::string("-") : (x >= 0 ? "+" : "-") + figure_text(std::fabs(x));
    };
    summary.add({name, to_string(e.status), figure_text(t.mean_price), figure_text(e.hhi, 5),
                 percent(e.outside_share, 1), figure_text(t.revenue), figure_text(t.profit), delta(d_surplus),
                 delta(d_surplus + d_profit)});
    rows.push_back({label(i), status_word(e.status), t.mean_price, e.hhi, e.outside_share, t.revenue, t.profit,
                    i ? Json(d_surplus) : Json(), i ? Json(d_surplus + d_profit) : Json()});
    if (i) {
      scenario_names.push_back(name);
      surplus_bars.push_back(d_surplus);
      profit_bars.push_back(d_profit);
    }
  }
  view.tables.emplace_back("the market, a " + m.period + " (consumers, total surplus: change from today)", summary);

  // 2. Products and firms side by side.
  std::vector<std::string> products, firms;
  std::vector<std::map<std::string, Row>> by_product;
  std::vector<std::map<std::string, double>> by_firm;
  for (const auto& o : outcomes) {
    by_product.push_back(product_rows(o));
    by_firm.push_back(profits(o));
    for (const auto& offer : o.industry.offers) {
      if (std::find(products.begin(), products.end(), offer.name) == products.end()) products.push_back(offer.name);
      const auto& firm = o.industry.firms[size_t(offer.firm)];
      if (std::find(firms.begin(), firms.end(), firm) == firms.end()) firms.push_back(firm);
    }
  }
  std::vector<std::string> header = {"product"};
  for (const auto& o : outcomes) header.push_back(o.name);
  const auto side_by_side = [&](const std::string& title, const auto& cell) {
    TextTable table(header);
    for (const auto& name : products) {
      std::vector<std::string> row = {name};
      for (size_t i = 0; i < outcomes.size(); ++i) {
        const auto found = by_product[i].find(name);
        row.push_back(found == by_product[i].end() ? "" : cell(found->second));
      }
      table.add(row);
    }
    view.tables.emplace_back(title, table);
  };
  side_by_side("price", [](const Row& r) { return figure_text(r.price); });
  side_by_side("share", [](const Row& r) { return percent(r.share); });
  side_by_side("margin", [](const Row& r) { return percent(r.margin(), 1); });
  header[0] = "firm";
  TextTable profit(header);
  for (const auto& firm : firms) {
    std::vector<std::string> row = {firm};
    for (const auto& column : by_firm) row.push_back(column.count(firm) ? figure_text(column.at(firm)) : "");
    profit.add(row);
  }
  view.tables.emplace_back("profit", profit);

  // 3. Every outcome whole, for programs.
  Json remarks = Json::array();
  const auto remark = [&](const std::string& en, const std::string& zh) {
    view.notes.push_back(en);
    remarks.push_back(both(en, zh));
  };
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& [name, name_zh, industry, e] = outcomes[i];
    Json items = Json::array(), firm_items = Json::array();
    for (const auto& offer : industry.offers) {
      const Row& r = by_product[i].at(offer.name);
      const auto before = by_product[0].find(offer.name);
      const bool old = before != by_product[0].end();
      const std::string& firm = industry.firms[size_t(offer.firm)];
      items.push_back({{"product", offer.name},
                       {"firm", firm},
                       {"price", r.price},
                       {"share", r.share},
                       {"margin", r.margin()},
                       {"price_before", old ? Json(before->second.price) : Json()},
                       {"share_before", old ? Json(before->second.share) : Json()},
                       {"margin_before", old ? Json(before->second.margin()) : Json()}});
    }
    for (const auto& [firm, x] : by_firm[i]) {
      const int32_t f = industry.firm_index(firm);
      firm_items.push_back({{"firm", firm},
                            {"profit", x},
                            {"profit_before", by_firm[0].count(firm) ? Json(by_firm[0].at(firm)) : Json()},
                            {"shadow_price", e.shadow_price[size_t(f)]}});
    }
    list.push_back({{"scenario", name},
                    {"status", to_string(e.status)},
                    {"why", e.why},
                    {"residual", e.residual},
                    {"mean_price", totals[i].mean_price},
                    {"hhi", e.hhi},
                    {"outside_share", e.outside_share},
                    {"revenue", totals[i].revenue},
                    {"profit", totals[i].profit},
                    {"consumer_surplus", totals[i].surplus},
                    {"consumer_surplus_change", totals[i].surplus - totals[0].surplus},
                    {"products", items},
                    {"firms", firm_items}});
    if (e.status != Status::Converged) remark(name + ": " + status_text(e), name + "：未得到均衡：" + e.why);
    // Shadow prices that bind are what a GPU shortage is about.
    for (size_t f = 0; f < e.shadow_price.size(); ++f)
      if (e.shadow_price[f] > 0)
        remark(fmt::format("{}: {} is at capacity; one more {} would earn it {}", name, industry.firms[f], m.unit,
                           figure_text(e.shadow_price[f])),
               fmt::format("{}：{} 产能已满，每多一单位（{}）可多赚 {}", name, industry.firms[f], m.unit,
                           figure_text(e.shadow_price[f])));
  }
  view.json = {{"market", m.name}, {"currency", m.currency}, {"period", m.period}, {"scenarios", list}};

  // 4. The page.
  Json blocks = Json::array();
  for (const auto& o : outcomes)
    if (o.equilibrium.status != Status::Converged) blocks.push_back(status_block(o.equilibrium));
  blocks.push_back(report_table(both("The market", "市场"),
                                {{both("Scenario", "情景"), ""},
                                 {both("Status", "状态"), ""},
                                 {both("Mean price", "平均价格"), currency},
                                 {both("HHI", "赫芬达尔指数"), "int"},
                                 {both("Outside option", "外部选择"), "percent"},
                                 {both("Revenue", "收入"), money},
                                 {both("Profit", "利润"), money},
                                 {both("Change for consumers", "消费者剩余变化"), money},
                                 {both("Change of total surplus", "总剩余变化"), money}},
                                rows));
  if (outcomes.size() > 1)
    blocks.push_back(chart("bar", both("Who gains: change from today", "谁受益：与当前相比的变化"),
                           {{"categories", scenario_names},
                            {"horizontal", true},
                            {"series",
                             {{{"name", both("Consumers", "消费者")}, {"data", surplus_bars}},
                              {{"name", both("Firms", "企业")}, {"data", profit_bars}}}},
                            {"y", {{"format", money}}}}));
  view.sections.push_back(section("summary", both("Before and after", "前后对比"),
                                  both(m.name + ": every price is in equilibrium again after each change",
                                       m.name + "：每个变化之后，所有价格重新达到均衡"),
                                  blocks));
  const auto product_chart = [&](Json title, const std::string& format, const auto& value) {
    Json series = Json::array(), categories = Json::array();
    for (const auto& name : products) categories.push_back(name);
    for (size_t i = 0; i < outcomes.size(); ++i) {
      Json data = Json::array();
      for (const auto& name : products) {
        const auto found = by_product[i].find(name);
        data.push_back(found == by_product[i].end() ? Json() : Json(value(found->second)));
      }
      series.push_back({{"name", label(i)}, {"data", data}});
    }
    return chart("bar", std::move(title),
                 {{"categories", categories}, {"horizontal", true}, {"series", series}, {"y", {{"format", format}}}});
  };
  const auto product_table = [&](Json title, const std::string& format, const auto& value) {
    std::vector<std::pair<Json, std::string>> columns = {{both("Product", "产品"), ""}};
    for (size_t i = 0; i < outcomes.size(); ++i) columns.push_back({label(i), format});
    Json body = Json::array();
    for (const auto& name : products) {
      Json row = Json::array({name});
      for (size_t i = 0; i < outcomes.size(); ++i) {
        const auto found = by_product[i].find(name);
        row.push_back(found == by_product[i].end() ? Json() : Json(value(found->second)));
      }
      body.push_back(row);
    }
    return report_table(std::move(title), columns, body);
  };
  const auto price = [](const Row& r) { return r.price; };
  const auto share = [](const Row& r) { return r.share; };
  const auto margin = [](const Row& r) { return r.margin(); };
  Json detail = Json::array();
  if (outcomes.size() <= 5) {
    detail.push_back(product_chart(both("Price a " + m.unit, "每单位价格"), currency, price));
    detail.push_back(product_chart(both("Share of the market", "市场份额"), "percent", share));
  }
  detail.push_back(product_table(both("Prices", "价格"), currency, price));
  detail.push_back(product_table(both("Shares", "份额"), "percent", share));
  detail.push_back(product_table(both("Margins", "毛利率"), "percent", margin));
  std::vector<std::pair<Json, std::string>> columns = {{both("Firm", "企业"), ""}};
  for (size_t i = 0; i < outcomes.size(); ++i) columns.push_back({label(i), money});
  Json body = Json::array();
  for (const auto& firm : firms) {
    Json row = Json::array({firm});
    for (const auto& column : by_firm) row.push_back(column.count(firm) ? Json(column.at(firm)) : Json());
    body.push_back(row);
  }
  detail.push_back(report_table(both("Profits a " + m.period, "每期利润"), columns, body));
  view.sections.push_back(section("products", both("Products and firms", "产品与企业"), nullptr, detail));
  if (!m.notes.empty() || !remarks.empty()) {
    Json items = remarks;
    for (const auto& note : m.notes) items.push_back(note);
    view.sections.push_back(section("basis", both("Assumptions and sources", "假设与来源"), nullptr,
                                    Json::array({{{"type", "list"}, {"items", items}}})));
  }
  for (const auto& note : m.notes) view.notes.push_back(note);
  return view;
}

}  // namespace ingot::market
