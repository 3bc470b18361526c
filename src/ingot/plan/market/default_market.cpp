// The LLM API market out of the catalogue.
#include <algorithm>

#include "ingot/base/embedded.h"
#include "ingot/base/error.h"
#include "ingot/plan/market/facts.h"
#include "ingot/plan/market/industry.h"

namespace ingot {
std::span<const EmbeddedFile> market_facts();
}

namespace ingot::market {

CsvTable read_market_facts(const std::string& name) {
  const EmbeddedFile* file = find_embedded(market_facts(), name);
  INGOT_INVARIANT(file, "the program holds no facts/", name);
  return parse_csv(file->bytes, "facts/" + name);
}

MarketParameter market_parameter(const std::string& key) {
  const CsvTable table = read_market_facts("market_parameters.csv");
  for (size_t i = 0; i < table.rows.size(); ++i)
    if (table.text(i, "key") == key)
      return {table.number(i, "value"), table.text(i, "unit"), table.text(i, "date"), table.text(i, "evidence"),
              table.text(i, "source")};
  INGOT_INVARIANT(false, "facts/market_parameters.csv has no ", key);
  return {};
}

MarketConfig default_market() {
  const CsvTable vendors = read_market_facts("market_llm_api.csv");
  const auto elasticity = market_parameter("own_price_elasticity"), sigma = market_parameter("sigma_price"),
             tokens = market_parameter("weekly_tokens");
  MarketConfig c;
  c.market.name = "LLM API market, May 2026";
  c.market.unit = "M tokens", c.market.period = "week";
  c.market.size = tokens.value / 1e6;
  c.demand.elasticity = elasticity.value;
  c.demand.sigma_price = sigma.value;
  c.demand.nodes = 32;
  for (size_t i = 0; i < vendors.rows.size(); ++i) {
    ProductSection p;
    p.name = p.firm = vendors.text(i, "vendor");
    p.price = vendors.number(i, "price_usd_per_mtok");
    p.share = vendors.number(i, "token_share");
    p.fixed = vendors.text(i, "open_weights") == "1";  // anyone may host it: the price is what hosting costs
    p.tier = p.fixed ? "open weights" : "closed";
    c.products.push_back(std::move(p));
  }
  c.notes = {"shares and prices: " + vendors.text(0, "source"),
             "own-price elasticity (" + elasticity.date + "): " + elasticity.source,
             "spread of price sensitivity (" + sigma.evidence + "): " + sigma.source,
             "open-weights vendors are price takers; the outside option is every other model of the platform"};
  return c;
}

}  // namespace ingot::market
