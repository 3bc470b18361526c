#include "ingot/plan/venture/config.h"

#include <algorithm>

#include "ingot/base/file.h"
#include "ingot/plan/finance/company.h"
#include "ingot/plan/finance/ledger.h"

namespace ingot::venture {
namespace {

using Names = std::vector<std::string>;
const Names kOwn = {"venture", "roadmap",  "training",   "serving",   "rivals",
                    "growth",  "wargames", "compliance", "capability"};
const Names kCompany = {"company", "classes", "issues", "plans", "grants", "vesting", "warrants", "safes", "notes"};
const Names kMarket = {"market", "demand", "nests", "segments", "firms", "products", "scenarios", "race", "forecast"};

Document only(const Document& document, const Names& sections) {
  Document part = document;
  part.root = Json::object();
  for (const auto& name : sections)
    if (const auto found = document.root.find(name); found != document.root.end()) part.root[name] = *found;
  return part;
}

// Sections that are lists of tables at the root.
struct Lists {
  std::vector<ModelSection> roadmap;
  std::vector<RivalSection> rivals;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("roadmap", self.roadmap, "models, in order");
    v("rivals", self.rivals, "money and capability of the other firms");
  }
};

void check(const Venture& v) {
  Problems problems;
  const auto want = [&](bool good, const auto&... parts) {
    if (!good) problems.push_back(detail::join_parts(parts...));
  };
  const auto& s = v.section;
  want(s.months >= 6 && s.months <= finance::kMaxMonths, "venture.months: got ", s.months, ", expected 6 to ",
       finance::kMaxMonths);
  want(s.paths >= 16 && s.paths <= 100'000'000, "venture.paths: got ", s.paths, ", expected 16 to 100000000");
  want(s.seed >= 0 && s.seed <= 0xffffffffLL, "venture.seed: got ", s.seed, ", expected 0 to 2^32 - 1");
  want(!s.exit_multiple || *s.exit_multiple > 0, "venture.exit_multiple: got ", s.exit_multiple.value_or(0),
       ", expected > 0");
  int last = 0;
  for (size_t k = 0; k < v.roadmap.size(); ++k) {
    const auto& m = v.roadmap[k];
    const std::string at = detail::join_parts("roadmap[", k, "]");
    want(m.month >= last, at, ".month: got ", m.month, ", expected at least ", last,
         ": the models stand in the order of their release");
    last = std::max(last, m.month);
    const bool sized = (!m.architecture.empty() || m.params) && m.tokens;
    want(sized + m.flop.has_value() + !m.run.empty() == 1, at, ": ", m.name.empty() ? "the model" : m.name,
         " says its size in ", sized + m.flop.has_value() + !m.run.empty(),
         " ways, expected one of: architecture or params with tokens; flop; run");
    want(m.run.empty() || m.month == 0, at, ".month: got ", m.month, ", expected 0: a model with a run exists today");
    for (const auto& [name, value] :
         {std::pair{"params", m.params}, {"tokens", m.tokens}, {"flop", m.flop}, {"usd", m.usd}})
      want(!value || *value > 0, at, ".", name, ": got ", value.value_or(0), ", expected > 0");
  }
  want(v.training.rd_share > 0 && v.training.rd_share <= 1, "training.rd_share: got ", v.training.rd_share,
       ", expected over 0, up to 1");
  want(v.training.chips > 0, "training.chips: got ", v.training.chips, ", expected > 0");
  want(v.serving.decline >= 0 && v.serving.decline < 1, "serving.decline: got ", v.serving.decline,
       ", expected 0 to below 1");
  want(!(v.serving.cost && !v.serving.plan.empty()), "serving: has cost and plan, expected one of them");
  want(v.serving.run.empty() || v.serving.run_usd_per_hour,
       "serving.run_usd_per_hour: missing, expected the price of the machine in ", v.serving.run);
  want(v.growth.rate > -1 && v.growth.rate < 20, "growth.rate: got ", v.growth.rate,
       ", expected -1 to 20 (1 = doubles in a year); the demand explodes");
  want(v.growth.half_life > 0, "growth.half_life: got ", v.growth.half_life, ", expected > 0");
  const auto& w = v.wargames;
  want(w.price_cut > 0 && w.price_cut < 1, "wargames.price_cut: got ", w.price_cut, ", expected between 0 and 1");
  want(w.gpu_price > 0 && w.winter > 0, "wargames: factors are ", w.gpu_price, " and ", w.winter, ", expected > 0");
  want(w.merger.empty() || w.merger.size() == 2, "wargames.merger: got ", w.merger.size(), " firms, expected two");
  const auto firm = [&](const std::string& name, const std::string& at) {
    want(std::find(v.industry.firms.begin(), v.industry.firms.end(), name) != v.industry.firms.end(), at, ": got '",
         name, "'", suggest(name, v.industry.firms));
  };
  firm(s.us, "venture.us");
  for (const auto& name : s.against) firm(name, "venture.against");
  for (size_t k = 0; k < v.rivals.size(); ++k) firm(v.rivals[k].firm, detail::join_parts("rivals[", k, "].firm"));
  if (!w.cutter.empty()) firm(w.cutter, "wargames.cutter");
  for (const auto& name : w.merger) firm(name, "wargames.merger");
  throw_if_any("plan", problems);
}

}  // namespace

Venture read_venture(const std::filesystem::path& file, const std::vector<std::string>& set) {
  const auto document = read_toml(file, set);
  Names all = kOwn;
  for (const auto* names : {&kCompany, &kMarket}) all.insert(all.end(), names->begin(), names->end());
  for (const auto& name : finance::other_sections()) all.push_back(name);
  check_sections(document, all);

  Venture v;
  v.file = file, v.folder = file.parent_path();
  v.toml = to_toml(document.root);
  const auto input = [&](const std::filesystem::path& path) {
    if (std::filesystem::is_regular_file(path)) v.inputs.push_back({path.filename().string(), sha256_file(path)});
  };
  input(file);
  v.section = read_config<VentureSection>(document, "venture");
  auto lists = read_config<Lists>(only(document, {"roadmap", "rivals"}), "");
  v.roadmap = std::move(lists.roadmap), v.rivals = std::move(lists.rivals);
  v.training = read_config<TrainingSection>(document, "training");
  v.serving = read_config<ServingSection>(document, "serving");
  v.growth = read_config<GrowthSection>(document, "growth");
  v.wargames = read_config<WarGameSection>(document, "wargames");
  v.compliance = read_config<ComplianceSection>(document, "compliance");
  v.capability = read_config<market::CapabilityConfig>(document, "capability");

  // The company: money sections of this file count before those of the company file.
  Document company = document;
  if (!v.section.company.empty()) {
    const auto path = v.folder / v.section.company;
    input(path);
    if (path.extension() == ".toml") {
      company = read_toml(path);
      for (const auto& name : finance::other_sections())
        if (const auto found = document.root.find(name); found != document.root.end()) company.root[name] = *found;
      v.package = finance::company_package(finance::read_company(company));
    } else {
      v.package = finance::open_package(path);
    }
  } else {
    require("plan", document.root.contains("company"),
            "the file has no [company] and no venture.company, expected one of them; ",
            "see examples/seed.toml for a company");
    v.package = finance::company_package(finance::read_company(only(document, kCompany)));
  }
  v.table = finance::replay(v.package);
  v.operating = read_config<finance::OperatingPlan>(company, "operating");
  v.operating.months = v.section.months;
  v.financing = read_config<finance::FinancingPolicy>(company, "financing");
  v.uncertainty = read_config<finance::Uncertainty>(company, "uncertainty");
  v.exit = read_config<finance::ExitSection>(company, "exit");
  if (company.root.contains("valuation")) v.valuation = read_config<finance::ValuationSection>(company, "valuation");
  if (company.root.contains("advantage")) v.advantage = read_config<finance::Advantage>(company, "advantage");
  if (v.section.name.empty()) v.section.name = v.table.issuer;

  Document market = only(document, kMarket);
  if (!v.section.market.empty()) {
    const auto path = v.folder / v.section.market;
    input(path);
    market = read_toml(path);
  }
  require("plan", market.root.contains("products") || market.root.contains("market"),
          "the file has no [[products]] and no venture.market, expected one of them");
  v.industry = market::read_industry(market, v.folder);
  if (v.section.us.empty()) v.section.us = v.table.issuer;
  check(v);
  return v;
}

}  // namespace ingot::venture
