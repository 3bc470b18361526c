#include "ingot/plan/venture/from_run.h"

#include <span>

#include <fmt/format.h>

#include "ingot/base/embedded.h"
#include "ingot/base/file.h"
#include "ingot/plan/report/report.h"

namespace ingot {
std::span<const EmbeddedFile> venture_examples();
}

namespace ingot::venture {

PlanFiles plan_from_run(const MeasuredRun& measured, const fs::path& folder, const std::string& lang, uint64_t paths,
                        const Watch& watch) {
  const auto* example = find_embedded(venture_examples(), "venture_demo.toml");
  INGOT_INVARIANT(example, "examples/venture_demo.toml is embedded");
  auto root = parse_toml(example->bytes, "examples/venture_demo.toml").root;
  const auto from_here = [&](const fs::path& path) {
    return fs::relative(fs::absolute(path), fs::absolute(folder)).string();
  };
  root["venture"]["paths"] = paths;
  root["roadmap"][0]["run"] = from_here(measured.run);
  auto& serving = root["serving"];
  if (measured.serving.empty()) {
    serving.erase("run"), serving.erase("run_usd_per_hour");
    serving["cost"] = 0.15;
  } else {
    serving["run"] = from_here(measured.serving), serving["run_usd_per_hour"] = measured.usd_per_hour;
  }
  root["compliance"]["data_cards"] = Json::array();
  if (!measured.card.empty()) root["compliance"]["data_cards"].push_back(from_here(measured.card));
  PlanFiles files{folder / "venture.toml", folder / "plan.html", folder / "plan.json", ""};
  fs::create_directories(folder);
  write_file_atomic(files.toml, to_toml(root));

  const auto venture = read_venture(files.toml);
  const auto plan = make_plan(venture);
  Effort effort;
  effort.simulation = {.seed = uint32_t(venture.section.seed), .paths = uint64_t(venture.section.paths)};
  effort.search_paths = 512, effort.factor_paths = 1024, effort.war_paths = 4096;
  const auto analysis = analyse(plan, venture, effort, watch);
  require("plan", analysis.base.has_value(), "interrupted before the first futures were finished");
  const auto outcome = outcome_of(venture, plan, analysis);
  write_json(files.json, plan_view(outcome).json);
  write_report(files.page, plan_document(outcome), lang);
  const auto& v = outcome.verdict;
  files.verdict = v.raises
                      ? fmt::format("raise ${} around {}, pre-money ${} to ${}; P(alive) {:.0f} %, P(lead) {:.0f} %",
                                    si(v.amount.mid), month_name(venture, v.closing_month.mid), si(v.pre_money.low),
                                    si(v.pre_money.high), 100 * v.alive.value, 100 * v.lead.value)
                      : fmt::format("no round needed; P(alive) {:.0f} %, P(lead) {:.0f} %", 100 * v.alive.value,
                                    100 * v.lead.value);
  return files;
}

}  // namespace ingot::venture
