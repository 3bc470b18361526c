#include "ingot/plan/market/scenario.h"

#include <algorithm>
#include <cmath>

namespace ingot::market {
namespace {

// Products that `who` names: its own name, or all of a firm.
std::vector<size_t> offers_of(const Industry& m, const std::string& who) {
  std::vector<size_t> found;
  std::vector<std::string> names = m.firms;
  for (size_t j = 0; j < m.offers.size(); ++j) {
    if (who.empty() || m.offers[j].name == who || m.firms[size_t(m.offers[j].firm)] == who) found.push_back(j);
    names.push_back(m.offers[j].name);
  }
  require("market", !found.empty(), "scenario: '", who, "' sells nothing", suggest(who, names));
  return found;
}

// A product as good as `like` and `worth` better, sold by a firm of its own (or of one that exists).
Offer& add_offer(Industry& m, const Change& c) {
  require("market", !c.name.empty() && !c.like.empty(), "scenario: a new product has name '", c.name, "' and like '",
          c.like, "', expected both");
  for (const auto& o : m.offers)
    require("market", o.name != c.name, "scenario: product '", c.name, "' exists already, expected a new name");
  Offer o = m.offers[offers_of(m, c.like).front()];
  const std::string firm = c.who.empty() ? c.name : c.who;
  o.firm = o.brand = int32_t(std::find(m.firms.begin(), m.firms.end(), firm) - m.firms.begin());
  if (size_t(o.firm) == m.firms.size()) m.firms.push_back(firm), m.capacity.push_back(INFINITY);
  o.name = c.name;
  o.base += m.alpha * c.worth;
  o.price.reset(), o.share.reset(), o.fixed_price.reset();
  o.cost_implied = false;
  m.offers.push_back(o);
  return m.offers.back();
}

void check_share(const char* what, double value, double low, double high) {
  require("market", value >= low && value <= high, "scenario: ", what, " is ", value, ", expected ", low, " to ", high);
}

void make(const Change& c, Industry& m, const Equilibrium& base, const Industry& before) {
  const auto price_before = [&](const std::string& name) -> double {
    for (size_t j = 0; j < before.offers.size(); ++j)
      if (before.offers[j].name == name) return base.price[j];
    return 0;
  };
  switch (c.kind) {
    case ChangeKind::PriceCut:
      check_share("price_cut: by", c.by, -10, 0.999);
      require("market", c.price || c.by != 0, "scenario: price_cut of '", c.who,
              "' has by 0, expected a share off or a price");
      for (const size_t j : offers_of(m, c.who)) {
        require("market", !c.price || *c.price > 0, "scenario: price is ", c.price.value_or(0), ", expected > 0");
        m.offers[j].fixed_price = c.price ? *c.price : (1 - c.by) * price_before(m.offers[j].name);
      }
      return;
    case ChangeKind::Entry: {
      Offer& o = add_offer(m, c);
      if (c.cost) o.cost = *c.cost;
      require("market", o.cost >= 0, "scenario: cost is ", o.cost, ", expected >= 0");
      return;
    }
    case ChangeKind::OpenWeights: {
      Offer& o = add_offer(m, c);
      o.cost = c.price ? *c.price : c.cost ? *c.cost : o.cost;  // hosts compete: the price is what hosting costs
      require("market", o.cost > 0, "scenario: price of hosting is ", o.cost, ", expected > 0");
      o.fixed_price = o.cost;
      o.tier = "open weights";
      return;
    }
    case ChangeKind::Exit: {
      auto gone = offers_of(m, c.who);
      require("market", !c.who.empty() && gone.size() < m.offers.size(), "scenario: exit of '", c.who,
              "' leaves no product, expected one at least");
      for (auto j = gone.rbegin(); j != gone.rend(); ++j) m.offers.erase(m.offers.begin() + ptrdiff_t(*j));
      return;
    }
    case ChangeKind::Merger: {
      const int32_t buyer = m.firm_index(c.who), target = m.firm_index(c.target);
      require("market", buyer != target, "scenario: '", c.who, "' merges with itself, expected two firms");
      check_share("merger: by", c.by, -1, 1);
      for (auto& o : m.offers) {
        if (o.firm != buyer && o.firm != target) continue;
        o.firm = buyer;
        o.cost *= 1 - c.by;
      }
      m.capacity[size_t(buyer)] += m.capacity[size_t(target)];
      m.capacity[size_t(target)] = INFINITY;
      return;
    }
    case ChangeKind::GpuShortage: {
      require("market", c.capacity > 0, "scenario: gpu_shortage: capacity is ", c.capacity,
              ", expected > 0; a firm that cannot serve at all exits");
      std::vector<double> sales(m.firms.size(), 0);
      std::vector<char> hit(m.firms.size(), 0);
      for (size_t j = 0; j < before.offers.size(); ++j)
        if (size_t(before.offers[j].firm) < sales.size())
          sales[size_t(before.offers[j].firm)] += base.share[j] * m.size;
      for (const size_t j : offers_of(m, c.who)) {
        hit[size_t(m.offers[j].firm)] = 1;
        m.offers[j].cost *= 1 + c.by;
        if (m.offers[j].fixed_price) m.offers[j].fixed_price = *m.offers[j].fixed_price * (1 + c.by);
      }
      for (size_t f = 0; f < hit.size(); ++f)
        if (hit[f]) m.capacity[f] = c.capacity * (std::isfinite(m.capacity[f]) ? m.capacity[f] : sales[f]);
      return;
    }
    case ChangeKind::Cost:
      require("market", c.by > -1, "scenario: cost: by is ", c.by, ", expected > -1");
      for (const size_t j : offers_of(m, c.who)) {
        m.offers[j].cost *= 1 + c.by;
        // A fringe passes its cost on.
        if (m.offers[j].fixed_price) m.offers[j].fixed_price = *m.offers[j].fixed_price * (1 + c.by);
      }
      return;
    case ChangeKind::Quality:
      for (const size_t j : offers_of(m, c.who)) m.offers[j].base += m.alpha * c.worth;
      return;
  }
}

}  // namespace

Industry apply(const Scenario& scenario, const Industry& industry, const Equilibrium& base) {
  Industry after = industry;
  for (const auto& change : scenario.changes) make(change, after, base, industry);
  return after;
}

std::vector<Outcome> compare(const Industry& industry, const std::vector<Scenario>& scenarios) {
  std::vector<Outcome> outcomes = {{"today", "当前", industry, solve_prices(industry.demand(), industry.supply())}};
  for (const auto& s : scenarios) {
    Industry after = apply(s, industry, outcomes.front().equilibrium);
    const auto equilibrium = solve_prices(after.demand(), after.supply());
    outcomes.push_back({s.name, s.name_zh.empty() ? s.name : s.name_zh, std::move(after), equilibrium});
  }
  return outcomes;
}

Change parse_change(ChangeKind kind, const std::string& text) {
  Change c{.kind = kind};
  // WHO[=VALUE][,key=value...]
  size_t at = text.find(',');
  const std::string head = text.substr(0, at);
  const size_t equals = head.find('=');
  const std::string left = head.substr(0, equals), right = equals == std::string::npos ? "" : head.substr(equals + 1);
  const auto number = [&](const std::string& value) {
    char* end = nullptr;
    const double x = std::strtod(value.c_str(), &end);
    require("market", !value.empty() && *end == 0 && std::isfinite(x), "scenario: '", text, "': '", value,
            "' is no number, expected as in OpenAI=0.3");
    return x;
  };
  switch (kind) {
    case ChangeKind::PriceCut:
    case ChangeKind::Cost:
      c.who = left == "all" ? "" : left;
      c.by = number(right);
      break;
    case ChangeKind::Quality:
      c.who = left, c.worth = number(right);
      break;
    case ChangeKind::Exit:
      c.who = head;
      break;
    case ChangeKind::Merger:
      c.who = left, c.target = right;
      break;
    case ChangeKind::GpuShortage:
      c.who = right.empty() || left == "all" ? "" : left;
      c.capacity = number(right.empty() ? left : right);
      break;
    case ChangeKind::Entry:
    case ChangeKind::OpenWeights:
      c.name = left, c.like = right;
      break;
  }
  while (at != std::string::npos) {
    const size_t next = text.find(',', at + 1);
    const std::string part = text.substr(at + 1, next == std::string::npos ? next : next - at - 1);
    const size_t sign = part.find('=');
    const std::string key = part.substr(0, sign), value = sign == std::string::npos ? "" : part.substr(sign + 1);
    if (key == "cost")
      c.cost = number(value);
    else if (key == "price")
      c.price = number(value);
    else if (key == "worth")
      c.worth = number(value);
    else if (key == "by")
      c.by = number(value);
    else if (key == "firm")
      c.who = value;
    else
      fail(ErrorKind::InvalidArgument, "market", "scenario: '", text, "': unknown key '", key, "'",
           suggest(key, {"by", "cost", "firm", "price", "worth"}));
    at = next;
  }
  return c;
}

std::vector<Scenario> read_scenarios(const Json& scenarios, const Document& document) {
  if (scenarios.is_null()) return {};
  Problems problems;
  const Json table = {{"scenarios", scenarios}};
  std::vector<Scenario> out;
  ConfigReader reader(document, table, "", problems);
  reader("scenarios", out, "");
  throw_if_any("market", problems);
  return out;
}

}  // namespace ingot::market
