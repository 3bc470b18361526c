#include "ingot/plan/market/industry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "ingot/base/clock.h"
#include "ingot/plan/cost/hardware.h"
#include "ingot/plan/cost/serving.h"
#include "ingot/plan/market/calibration.h"

namespace ingot::market {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Dollars of a million tokens, input and output together, at the floor of a serving plan.
double serving_cost_of(const std::string& file, const std::filesystem::path& folder) {
  const auto plan = cost::read_serve_plan(read_toml(folder / file));
  const auto served = cost::serving_cost(plan, cost::HardwareCatalogue::load(), today());
  const auto& point = served.floor ? *served.floor : served.front.back();
  return 1e6 * point.usd_per_request / (plan.target.input_tokens + plan.target.output_tokens);
}

// Names in the order in which they first appear.
struct Names {
  std::vector<std::string> list;
  std::map<std::string, int32_t> index;
  int32_t add(const std::string& name) {
    const auto [at, is_new] = index.emplace(name, int32_t(list.size()));
    if (is_new) list.push_back(name);
    return at->second;
  }
};

class Builder {
 public:
  Builder(const MarketConfig& config, const std::filesystem::path& folder) : config_(config), folder_(folder) {}

  Industry build() {
    Industry& m = industry_;
    m.name = config_.market.name, m.unit = config_.market.unit, m.currency = config_.market.currency;
    m.period = config_.market.period, m.size = config_.market.size, m.quality_weight = config_.demand.quality;
    m.notes = config_.notes;
    products_ = config_.products;
    if (!config_.market.products.empty()) {
      const auto rows = read_products(folder_ / config_.market.products);
      products_.insert(products_.end(), rows.begin(), rows.end());
    }
    check_demand();
    offers();
    throw_if_any("market", problems_);
    shares_of_market();
    throw_if_any("market", problems_);
    types();
    throw_if_any("market", problems_);
    calibrate(m, config_.demand.alpha, config_.demand.elasticity, config_.demand.elasticity_of);
    return std::move(m);
  }

 private:
  template <typename... Parts>
  void complain(const Parts&... parts) {
    problems_.push_back(ingot::detail::join_parts(parts...));
  }

  void check_demand() {
    const auto& d = config_.demand;
    if (!(config_.market.size > 0)) complain("market.size: got ", config_.market.size, ", expected > 0");
    if (products_.empty()) complain("products: got none, expected at least one [[products]] or market.products");
    if (d.alpha && !(*d.alpha > 0))
      complain(
          "demand.alpha: got ", *d.alpha,
          ", expected > 0: utility falls by alpha for each unit of price, so a higher price must not attract buyers");
    if (d.elasticity && !(*d.elasticity < 0))
      complain("demand.elasticity: got ", *d.elasticity, ", expected < 0: demand falls when the price rises");
    if (d.alpha && d.elasticity)
      complain("demand.alpha and demand.elasticity: got both, expected one of them; the other follows from it");
    if (!d.alpha && !d.elasticity)
      complain(
          "demand: got neither alpha nor elasticity, expected one of them; observed shares and prices alone do not "
          "tell how buyers react to a price");
    if (d.outside_share && !(*d.outside_share > 0 && *d.outside_share < 1))
      complain("demand.outside_share: got ", *d.outside_share,
               ", expected in (0, 1): a market needs an outside option, else a common price rise loses no buyer");
    if (!(d.rho >= 0 && d.rho < 1)) complain("demand.rho: got ", d.rho, ", expected in [0, 1)");
    if (!(d.sigma_price >= 0)) complain("demand.sigma_price: got ", d.sigma_price, ", expected >= 0");
    if (!(d.sigma_quality >= 0)) complain("demand.sigma_quality: got ", d.sigma_quality, ", expected >= 0");
    if (d.nodes < 1 || d.nodes > 200) complain("demand.nodes: got ", d.nodes, ", expected 1 to 200");
    for (const auto& n : config_.nests)
      if (n.rho && !(*n.rho >= 0 && *n.rho < 1))
        complain("nests: rho of ", n.name, " is ", *n.rho, ", expected in [0, 1)");
  }

  void offers() {
    Names firms, nests;
    std::map<std::string, int> seen;
    for (const auto& p : products_) firms.add(p.firm.empty() ? p.name : p.firm);
    bool any_nest = false;
    for (const auto& p : products_) any_nest = any_nest || !p.nest.empty();
    std::map<std::string, const FirmSection*> firm_of;
    for (const auto& f : config_.firms) {
      if (!firms.index.count(f.name)) complain("firms: ", f.name, " sells no product", suggest(f.name, firms.list));
      if (!firm_of.emplace(f.name, &f).second) complain("firms: ", f.name, " is listed twice");
      if (f.capacity && !(*f.capacity > 0))
        complain("firms: capacity of ", f.name, " is ", *f.capacity,
                 ", expected > 0; leave out a firm that cannot serve");
    }
    int with_value = 0, with_share = 0;
    for (const auto& p : products_) with_value += p.value.has_value(), with_share += p.share.has_value();
    const bool calibrated = with_share > 0;
    for (const auto& p : products_) {
      Offer o;
      o.name = p.name.empty() ? p.firm : p.name;
      const std::string at = "product " + o.name + ": ";
      if (o.name.empty()) complain("products: got one without name and firm");
      if (seen[o.name]++) complain(at, "is listed twice");
      o.tier = p.tier, o.channel = p.channel, o.quality = p.quality;
      o.firm = o.brand = firms.add(p.firm.empty() ? p.name : p.firm);
      if (any_nest) o.nest = nests.add(p.nest.empty() ? "(" + o.name + ")" : p.nest);
      const auto* firm = firm_of.count(firms.list[size_t(o.firm)]) ? firm_of[firms.list[size_t(o.firm)]] : nullptr;
      if (p.value && p.share) complain(at, "has a value and a share, expected one of them");
      if (!p.value && !p.share)
        complain(at, "has neither share nor value, expected ", calibrated ? "a share" : "one of them");
      if (p.value && calibrated)
        complain(at,
                 "has a value where others have shares, expected shares of all products; enter a new product in a "
                 "scenario");
      if (p.value) o.base = *p.value;
      if (p.share) {
        o.share = p.share;
        if (!(*p.share > 0 && *p.share < 1)) complain(at, "share is ", *p.share, ", expected in (0, 1)");
        if (!p.price) complain(at, "has a share but no price, expected both; its utility follows from the two");
      }
      o.price = p.price;
      if (p.price && !(*p.price > 0)) complain(at, "price is ", *p.price, ", expected > 0");
      if (p.fixed || (firm && firm->fringe)) {
        if (!p.price) complain(at, "price is fixed but missing, expected a price");
        o.fixed_price = p.price.value_or(0);
      }
      if (p.cost && !p.serve.empty()) complain(at, "has cost and serve, expected one of them");
      if (p.cost)
        o.cost = *p.cost;
      else if (!p.serve.empty())
        o.cost = serving_cost_of(p.serve, folder_);
      else if (firm && firm->cost)
        o.cost = *firm->cost;
      else if (o.fixed_price)
        o.cost = *o.fixed_price;  // a competitive fringe sells at cost
      else if (p.share && p.price)
        o.cost_implied = true;
      else
        complain(
            at, "has no cost, expected cost, serve, or price and share from which the first-order conditions imply it");
      if (!(o.cost >= 0)) complain(at, "cost is ", o.cost, ", expected >= 0");
      industry_.offers.push_back(std::move(o));
    }
    if (with_value && !with_share && config_.demand.elasticity)
      complain("demand.elasticity: needs the shares and prices of the products, which have values; give alpha");
    industry_.firms = firms.list, industry_.nests = nests.list;
    industry_.capacity.assign(firms.list.size(), kInfinity);
    for (const auto& f : config_.firms)
      if (f.capacity && firms.index.count(f.name)) industry_.capacity[size_t(firms.index[f.name])] = *f.capacity;
    industry_.rho.assign(nests.list.size(), config_.demand.rho);
    for (const auto& n : config_.nests) {
      if (!nests.index.count(n.name))
        complain("nests: no product is in ", n.name, suggest(n.name, nests.list));
      else if (n.rho)
        industry_.rho[size_t(nests.index[n.name])] = *n.rho;
    }
  }

  // Observed shares as quantities over the whole market, the outside option included.
  void shares_of_market() {
    auto& offers = industry_.offers;
    if (!offers.front().share) return;
    double total = 0;
    for (const auto& o : offers) total += *o.share;
    if (!(total < 1 || (config_.demand.outside_share && total < 1 + 1e-9)))
      return complain(
          "products: shares sum to ", total,
          ", expected below 1: the rest is the outside option; with demand.outside_share they may be shares of "
          "the products alone, and sum to 1");
    double scale = 1;
    if (config_.demand.shares == ShareBasis::Revenue) {
      // A revenue share counts price x quantity; the quantities get the same total.
      double quantity = 0;
      for (auto& o : offers) *o.share /= *o.price, quantity += *o.share;
      scale = total / quantity;
    }
    if (config_.demand.outside_share) scale *= (1 - *config_.demand.outside_share) / total;
    for (auto& o : offers) *o.share *= scale;
  }

  void types() {
    std::vector<SegmentSection> segments = config_.segments;
    if (segments.empty()) segments.push_back({.name = "all"});
    double total = 0;
    for (const auto& s : segments) {
      const std::string at = "segment " + s.name + ": ";
      if (!(s.weight > 0)) complain(at, "weight is ", s.weight, ", expected > 0");
      if (!(s.price_sensitivity > 0))
        complain(at, "price_sensitivity is ", s.price_sensitivity, ", expected > 0; it multiplies alpha");
      if (!(s.loyalty >= 0)) complain(at, "loyalty is ", s.loyalty, ", expected >= 0");
      total += s.weight;
    }
    const auto& d = config_.demand;
    const auto price = gauss_hermite(d.sigma_price > 0 ? d.nodes : 1);
    const auto taste = gauss_hermite(d.sigma_quality > 0 ? d.nodes : 1);
    for (const auto& s : segments) {
      const auto last = s.loyalty > 0 ? last_firms(s) : std::vector<std::pair<int32_t, double>>{{-1, 1.0}};
      for (const auto& [z1, w1] : price)
        for (const auto& [z2, w2] : taste)
          for (const auto& [firm, w3] : last)
            if (w1 * w2 * w3 > 1e-14)  // far Gauss-Hermite nodes weigh nothing
              industry_.types.push_back(
                  {s.weight / total * w1 * w2 * w3, s.price_sensitivity * std::exp(d.sigma_price * z1),
                   s.quality_taste + d.sigma_quality * z2, s.loyalty, firm, int32_t(industry_.segments.size())});
      industry_.segments.push_back(s.name);
    }
    double sum = 0;
    for (const auto& t : industry_.types) sum += t.weight;
    for (auto& t : industry_.types) t.weight /= sum;
  }

  // Where the buyers of a segment were last period.
  std::vector<std::pair<int32_t, double>> last_firms(const SegmentSection& s) {
    std::vector<double> share(industry_.firms.size(), 0);
    const std::string at = "segment " + s.name + ": last: ";
    if (s.last.is_object()) {
      for (const auto& [name, value] : s.last.items()) {
        const auto found = std::find(industry_.firms.begin(), industry_.firms.end(), name);
        if (found == industry_.firms.end()) {
          complain(at, name, " sells no product", suggest(name, industry_.firms));
          continue;
        }
        if (!value.is_number() || !(value.get<double>() >= 0))
          complain(at, name, " is ", value.dump(), ", expected a share");
        else
          share[size_t(found - industry_.firms.begin())] = value.get<double>();
      }
    } else if (industry_.offers.front().share) {
      for (const auto& o : industry_.offers) share[size_t(o.brand)] += *o.share;
    } else {
      complain(at, "missing, expected {firm = share}: loyalty needs the firms of last period");
    }
    double inside = 0;
    for (const double x : share) inside += x;
    if (inside > 1 + 1e-9) complain(at, "shares sum to ", inside, ", expected at most 1");
    std::vector<std::pair<int32_t, double>> out;
    if (inside < 1) out.emplace_back(-1, 1 - inside);
    for (size_t f = 0; f < share.size(); ++f)
      if (share[f] > 0) out.emplace_back(int32_t(f), share[f]);
    return out;
  }

  const MarketConfig& config_;
  const std::filesystem::path& folder_;
  std::vector<ProductSection> products_;
  Industry industry_;
  Problems problems_;
};

}  // namespace

Demand Industry::demand() const {
  Demand d;
  const size_t J = offers.size();
  d.num_products = int64_t(J);
  d.value.reserve(types.size() * J);
  for (const auto& t : types) {
    d.weight.push_back(t.weight);
    d.alpha.push_back(t.alpha);
    for (const auto& o : offers)
      d.value.push_back(o.base + quality_weight * t.quality_taste * o.quality +
                        (t.loyalty > 0 && t.last == o.brand ? t.loyalty : 0));
  }
  if (!nests.empty()) {
    for (const auto& o : offers) d.nest.push_back(o.nest);
    d.rho = rho;
  }
  return d;
}

Supply Industry::supply() const {
  Supply s;
  bool any_fixed = false, any_capacity = false;
  for (const auto& o : offers) {
    s.firm.push_back(o.firm);
    s.cost.push_back(o.cost);
    s.fixed.push_back(o.fixed_price.value_or(std::nan("")));
    any_fixed = any_fixed || o.fixed_price;
  }
  if (!any_fixed) s.fixed.clear();
  for (const double k : capacity) s.capacity.push_back(k / size), any_capacity = any_capacity || std::isfinite(k);
  if (any_capacity)
    s.capacity.resize(size_t(s.num_firms()));  // a firm whose last product has left has no capacity row
  else
    s.capacity.clear();
  return s;
}

int32_t Industry::firm_index(const std::string& name) const {
  const auto found = std::find(firms.begin(), firms.end(), name);
  if (found == firms.end())
    fail(ErrorKind::NotFound, "market", "firm '", name, "' is not in ", this->name, suggest(name, firms));
  return int32_t(found - firms.begin());
}

size_t Industry::offer_index(const std::string& name) const {
  std::vector<std::string> names;
  for (size_t j = 0; j < offers.size(); ++j) {
    if (offers[j].name == name) return j;
    names.push_back(offers[j].name);
  }
  fail(ErrorKind::NotFound, "market", "product '", name, "' is not in ", this->name, suggest(name, names));
}

Industry build_industry(const MarketConfig& config, const std::filesystem::path& folder) {
  return Builder(config, folder).build();
}

Industry read_industry(const Document& document, const std::filesystem::path& folder) {
  return build_industry(read_config<MarketConfig>(document, ""), folder);
}

}  // namespace ingot::market
