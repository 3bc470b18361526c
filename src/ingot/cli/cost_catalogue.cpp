// `ingot cost hardware|prices|runs|api-prices`: list and filter the catalogue of facts.
#include <algorithm>
#include <cctype>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/ascii.h"
#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/cost.h"
#include "ingot/plan/cost/hardware.h"

namespace ingot::cli {
namespace {

using cost::Chip;
using cost::Contract;

constexpr const char* kOldNote =
    "(old): dated more than 12 months before the day of this report; check it before you rely on it";

bool contains(const std::string& text, const std::string& part) {
  return ascii_lower(text).find(ascii_lower(part)) != std::string::npos;
}

Json or_null(std::optional<double> value) { return value ? Json(*value) : Json(); }

Json price_json(const std::optional<cost::Price>& price, const std::string& day) {
  if (!price) return {};
  return {{"median", price->median},     {"low", price->low},   {"high", price->high},
          {"quotes", price->num_quotes}, {"date", price->date}, {"old", cost::is_stale(price->date, day)},
          {"source", price->source}};
}

struct HardwareFlags : CostFlags {
  std::string filter, vendor, kind, sort = "release";
  double min_memory_gb = 0;
};

int list_hardware(const HardwareFlags& flags) {
  const auto catalogue = cost::HardwareCatalogue::load(flags.facts_folder());
  const std::string day = flags.day();
  std::vector<const Chip*> chips;
  for (const auto& chip : catalogue.chips())
    if ((contains(chip.id, flags.filter) || contains(chip.name, flags.filter)) && contains(chip.vendor, flags.vendor) &&
        contains(chip.kind, flags.kind) && chip.memory_bytes >= flags.min_memory_gb * 0x1p30)
      chips.push_back(&chip);
  if (chips.empty() && !flags.filter.empty()) catalogue.chip(flags.filter);  // throws with near names
  if (chips.empty())
    fail(ErrorKind::NotFound, "cost", "no chip matches --vendor '", flags.vendor, "', --kind '", flags.kind,
         "' and --min-memory-gb ", flags.min_memory_gb, ", expected some of `ingot cost hardware`");
  const auto key = [&](const Chip& chip) -> double {
    if (flags.sort == "flops") return -chip.bf16_flops.value_or(0);
    if (flags.sort == "memory") return -chip.memory_bytes;
    if (flags.sort == "bandwidth") return -chip.memory_bandwidth;
    const auto price = catalogue.find_price(chip, Contract::OnDemand);
    return price && chip.bf16_flops ? price->median / *chip.bf16_flops : 1e30;
  };
  std::stable_sort(chips.begin(), chips.end(), [&](auto* a, auto* b) {
    return flags.sort == "release" ? a->release_date < b->release_date : key(*a) < key(*b);
  });

  TextTable table({"chip", "kind", "released", "bf16 TF/s", "measured", "fp8 TF/s", "memory GB", "GB/s", "TDP W",
                   "node", "$/h", "quoted", "buy $", "quoted"});
  Json rows = Json::array();
  bool old = false;
  for (const auto* chip : chips) {
    const auto rental = catalogue.find_price(*chip, Contract::OnDemand),
               buy = catalogue.find_price(*chip, Contract::Purchase);
    const auto tera = [](std::optional<double> flops) { return flops ? number(*flops / 1e12) : ""; };
    table.add({chip->id, chip->kind, chip->release_date, tera(chip->bf16_flops), tera(chip->measured_bf16_flops),
               tera(chip->fp8_flops), number(chip->memory_bytes / 0x1p30), number(chip->memory_bandwidth / 1e9, 5),
               chip->tdp_w > 0 ? number(chip->tdp_w) : "", std::to_string(chip->chips_per_node),
               rental ? fmt::format("{:.2f}", rental->median) : "", rental ? dated(rental->date, day) : "",
               buy ? grouped(std::llround(buy->median)) : "", buy ? dated(buy->date, day) : ""});
    for (const auto* price : {&rental, &buy}) old = old || (*price && cost::is_stale((*price)->date, day));
    rows.push_back({{"chip", chip->id},
                    {"name", chip->name},
                    {"vendor", chip->vendor},
                    {"kind", chip->kind},
                    {"release_date", chip->release_date},
                    {"bf16_flops", or_null(chip->bf16_flops)},
                    {"fp8_flops", or_null(chip->fp8_flops)},
                    {"measured_bf16_flops", or_null(chip->measured_bf16_flops)},
                    {"memory_bytes", chip->memory_bytes},
                    {"memory_bandwidth", chip->memory_bandwidth},
                    {"tdp_w", chip->tdp_w},
                    {"link_bandwidth", chip->link_bandwidth},
                    {"nic_bandwidth", chip->nic_bandwidth},
                    {"chips_per_node", chip->chips_per_node},
                    {"rental_usd_per_hour", price_json(rental, day)},
                    {"purchase_usd", price_json(buy, day)},
                    {"source", chip->source},
                    {"date", chip->source_date},
                    {"note", chip->note}});
  }
  std::vector<std::string> notes;
  if (chips.size() == 1) {
    notes.push_back("source: " + chips[0]->source + ", " + chips[0]->source_date);
    if (!chips[0]->note.empty()) notes.push_back("note: " + chips[0]->note);
  }
  if (old) notes.emplace_back(kOldNote);
  print_result(flags, table, rows, notes);
  return 0;
}

struct PriceFlags : CostFlags {
  std::string chip, since;
};

int list_prices(const PriceFlags& flags) {
  const auto catalogue = cost::HardwareCatalogue::load(flags.facts_folder());
  const Chip& chip = catalogue.chip(flags.chip);
  const std::string day = flags.day();
  if (!flags.since.empty()) cost::days_between(flags.since, day);  // throws for what is no date
  TextTable table({"date", "seller", "region", "on demand $/h", "1 year $/h", "3 years $/h", "buy $", "source"});
  Json rows = Json::array();
  bool old = false;
  for (const auto& quote : catalogue.quotes()) {
    if (quote.chip != chip.id || quote.date < flags.since) continue;
    old = old || cost::is_stale(quote.date, day);
    table.add({dated(quote.date, day), quote.seller, quote.region, number(quote.on_demand), number(quote.one_year),
               number(quote.three_year), quote.purchase ? grouped(std::llround(*quote.purchase)) : "", quote.source});
    rows.push_back({{"chip", quote.chip},
                    {"date", quote.date},
                    {"old", cost::is_stale(quote.date, day)},
                    {"seller", quote.seller},
                    {"region", quote.region},
                    {"on_demand_usd_per_hour", or_null(quote.on_demand)},
                    {"one_year_usd_per_hour", or_null(quote.one_year)},
                    {"three_year_usd_per_hour", or_null(quote.three_year)},
                    {"purchase_usd", or_null(quote.purchase)},
                    {"source", quote.source}});
  }
  if (rows.empty())
    fail(ErrorKind::NotFound, "cost", "prices of ", chip.id, flags.since.empty() ? "" : " since ", flags.since,
         " are not in the catalogue, expected a quote in facts/gpu_prices.csv; give your own with --facts DIR");
  print_result(flags, table, rows, old ? std::vector<std::string>{kOldNote} : std::vector<std::string>{});
  return 0;
}

struct RunsFlags : CostFlags {
  std::string filter, organization, chip;
  double min_params = 0;
  bool with_hours = false;
};

// A table of facts as it stands, filtered: text columns by part, so that new columns need no code here.
int list_runs(const RunsFlags& flags) {
  const CsvTable t = cost::read_facts("training_runs.csv", flags.facts_folder());
  const std::string day = flags.day();
  TextTable table({"model", "organization", "date", "params", "active", "tokens", "chip", "chips", "chip hours", "MFU",
                   "$ published", "evidence"});
  Json rows = Json::array();
  bool old = false;
  std::vector<std::string> names;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    names.push_back(t.text(i, "model"));
    const auto params = cost::optional_number(t, i, "params");
    if (!contains(t.text(i, "model"), flags.filter) || !contains(t.text(i, "organization"), flags.organization) ||
        !contains(t.text(i, "chip"), flags.chip) || params.value_or(0) < flags.min_params ||
        (flags.with_hours && t.text(i, "chip_hours").empty()))
      continue;
    const auto cell = [&](const char* column) {
      const auto value = cost::optional_number(t, i, column);
      return value ? si(*value) : std::string();
    };
    const std::string& date = t.text(i, "date");
    old = old || cost::is_stale(date, day);
    table.add({t.text(i, "model"), t.text(i, "organization"), dated(date, day), cell("params"), cell("active_params"),
               cell("tokens"), t.text(i, "chip"), t.text(i, "chips"), cell("chip_hours"), t.text(i, "mfu"),
               cell("cost_usd"), t.text(i, "evidence")});
    Json row = Json::object();
    for (const auto& column : t.header) {
      const auto& text = t.text(i, column);
      const bool is_text = column == "model" || column == "organization" || column == "date" || column == "chip" ||
                           column == "cost_basis" || column == "evidence" || column == "source";
      row[column] = text.empty() ? Json() : is_text ? Json(text) : Json(t.number(i, column));
    }
    row["old"] = cost::is_stale(date, day);
    rows.push_back(row);
  }
  if (rows.empty())
    fail(ErrorKind::NotFound, "cost", "no published run matches the filter '", flags.filter, "'",
         suggest(flags.filter, names).substr(0, 200));
  print_result(flags, table, rows, old ? std::vector<std::string>{kOldNote} : std::vector<std::string>{});
  return 0;
}

struct ApiFlags : CostFlags {
  std::string filter, vendor, since;
};

int list_api_prices(const ApiFlags& flags) {
  const CsvTable t = cost::read_facts("api_prices.csv", flags.facts_folder());
  const std::string day = flags.day();
  if (!flags.since.empty()) cost::days_between(flags.since, day);  // throws for what is no date
  TextTable table({"vendor", "model", "input $/M", "cached $/M", "output $/M", "date", "note"});
  Json rows = Json::array();
  bool old = false;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    const std::string& date = t.text(i, "date");
    if (!contains(t.text(i, "model"), flags.filter) || !contains(t.text(i, "vendor"), flags.vendor) ||
        date < flags.since)
      continue;
    old = old || cost::is_stale(date, day);
    table.add({t.text(i, "vendor"), t.text(i, "model"), t.text(i, "input_usd_per_mtok"),
               t.text(i, "cached_input_usd_per_mtok"), t.text(i, "output_usd_per_mtok"), dated(date, day),
               t.text(i, "note")});
    const auto usd = [&](const char* column) { return or_null(cost::optional_number(t, i, column)); };
    rows.push_back({{"vendor", t.text(i, "vendor")},
                    {"model", t.text(i, "model")},
                    {"input_usd_per_mtok", usd("input_usd_per_mtok")},
                    {"cached_input_usd_per_mtok", usd("cached_input_usd_per_mtok")},
                    {"output_usd_per_mtok", usd("output_usd_per_mtok")},
                    {"date", date},
                    {"old", cost::is_stale(date, day)},
                    {"date_kind", t.text(i, "date_kind")},
                    {"source", t.text(i, "source")}});
  }
  if (rows.empty()) fail(ErrorKind::NotFound, "cost", "no price matches the filter '", flags.filter, "'");
  print_result(flags, table, rows, old ? std::vector<std::string>{kOldNote} : std::vector<std::string>{});
  return 0;
}

template <typename Flags>
CLI::App* add_list(CLI::App& cost, const std::string& name, const std::string& summary, const std::string& examples,
                   int (*run)(const Flags&), const std::shared_ptr<Flags>& flags) {
  CLI::App* command = add_command(cost, name, summary, examples);
  flags->add_to(*command);
  on_run(command, [run, flags] { return run(*flags); });
  return command;
}

}  // namespace

void add_cost_catalogue(CLI::App& cost) {
  {
    auto flags = std::make_shared<HardwareFlags>();
    auto* command = add_list<HardwareFlags>(cost, "hardware", "chips: peak and measured rates, memory, links, prices",
                                            "ingot cost hardware\n"
                                            "ingot cost hardware h100 --json\n"
                                            "ingot cost hardware --kind GPU --min-memory-gb 80 --sort price",
                                            list_hardware, flags);
    command->add_option("filter", flags->filter, "part of a chip's name");
    command->add_option("--vendor", flags->vendor, "part of the vendor's name");
    command->add_option("--kind", flags->kind, "GPU, TPU, ASIC, NPU or CPU");
    command->add_option("--min-memory-gb", flags->min_memory_gb, "at least this much memory");
    command->add_option("--sort", flags->sort, "release, flops, memory, bandwidth or price (rental $ per bf16 FLOP)")
        ->check(CLI::IsMember({"release", "flops", "memory", "bandwidth", "price"}));
  }
  {
    auto flags = std::make_shared<PriceFlags>();
    auto* command = add_list<PriceFlags>(cost, "prices", "dated quotes for an hour or the purchase of a chip",
                                         "ingot cost prices H100 --since 2025-01-01", list_prices, flags);
    command->add_option("chip", flags->chip, "a chip of `ingot cost hardware`")->required();
    command->add_option("--since", flags->since, "quotes from this day on, YYYY-MM-DD");
  }
  {
    auto flags = std::make_shared<RunsFlags>();
    auto* command =
        add_list<RunsFlags>(cost, "runs", "published training runs: tokens, chips, hours, utilisation, cost",
                            "ingot cost runs llama\n"
                            "ingot cost runs --chip H100 --min-params 7e10 --csv",
                            list_runs, flags);
    command->add_option("filter", flags->filter, "part of a model's name");
    command->add_option("--organization", flags->organization, "part of the organization's name");
    command->add_option("--chip", flags->chip, "part of the chip's name");
    command->add_option("--min-params", flags->min_params, "at least this many parameters");
    command->add_flag("--with-hours", flags->with_hours, "only runs that published chip-hours");
  }
  {
    auto flags = std::make_shared<ApiFlags>();
    auto* command = add_list<ApiFlags>(cost, "api-prices", "what vendors ask for a million tokens",
                                       "ingot cost api-prices deepseek\n"
                                       "ingot cost api-prices --vendor anthropic --since 2026-01-01",
                                       list_api_prices, flags);
    command->add_option("filter", flags->filter, "part of a model's name");
    command->add_option("--vendor", flags->vendor, "part of the vendor's name");
    command->add_option("--since", flags->since, "prices from this day on, YYYY-MM-DD");
  }
}

}  // namespace ingot::cli
