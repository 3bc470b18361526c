#include "ingot/plan/report/check.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

namespace ingot::report {
namespace {

using Names = std::vector<std::string>;

// block type or chart kind -> members that it cannot do without
const std::map<std::string, Names> kBlocks = {{"chart", {"kind", "title"}},
                                              {"code", {"text"}},
                                              {"details", {"title", "blocks"}},
                                              {"download", {"label", "filename", "text"}},
                                              {"kpis", {"items"}},
                                              {"list", {"items"}},
                                              {"note", {"text"}},
                                              {"picture", {"title", "data"}},
                                              {"table", {"columns", "rows"}},
                                              {"text", {"text"}}};
const std::map<std::string, Names> kCharts = {{"area", {"series"}},           {"bar", {"categories", "series"}},
                                              {"football", {"items"}},        {"heatmap", {"columns", "rows", "data"}},
                                              {"line", {"series"}},           {"scatter", {"series"}},
                                              {"tornado", {"base", "items"}}, {"waterfall", {"items"}}};
const Names kBases = {"measured", "predicted", "catalogued", "assumed"};
const Names kFormats = {"number",   "int",    "compact", "percent", "ratio",  "bytes",
                        "duration", "fixed0", "fixed1",  "fixed2",  "fixed3", "fixed4"};

template <typename Value>
Names keys(const std::map<std::string, Value>& map) {
  Names names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

bool is_text(const Json& value) {
  if (value.is_string()) return true;
  if (!value.is_object() || value.empty()) return false;
  return std::all_of(value.items().begin(), value.items().end(), [](const auto& item) {
    return (item.key() == "en" || item.key() == "zh") && item.value().is_string();
  });
}

bool is_currency(std::string format) {
  if (const auto at = format.rfind("_compact"); at == 3) format.resize(3);
  return format.size() == 3 &&
         std::all_of(format.begin(), format.end(), [](unsigned char c) { return std::islower(c); });
}

class Checker {
 public:
  Problems problems;

  void text(const Json& value, const std::string& at) {
    if (!is_text(value))
      problems.push_back(at + ": got " + to_text(value) + ", expected a string or {\"en\": .., \"zh\": ..}");
  }

  // Formats and bases anywhere below `value`; the ends of an interval come in order.
  void figures(const Json& value, const std::string& at) {
    if (value.is_object()) {
      one_of(value, "basis", kBases, at);
      if (const auto format = value.find("format");
          format != value.end() && !(format->is_string() && is_currency(*format)))
        one_of(value, "format", kFormats, at);
      if (value.contains("low") && value.contains("high") && value["low"].is_number() && value["high"].is_number() &&
          value.contains("value") && value["low"] > value["high"])
        problems.push_back(at + ": low is " + value["low"].dump() + ", expected <= high " + value["high"].dump());
    }
    if (value.is_structured() && !is_text(value))
      for (const auto& [key, member] : value.items())
        if (key != "blocks") figures(member, value.is_array() ? at + "[" + key + "]" : at + "." + key);
  }

  void block(const Json& block, const std::string& at) {
    if (!has(block, {"type"}, at) || !one_of(block, "type", keys(kBlocks), at)) return;
    const std::string type = block["type"];
    if (!has(block, kBlocks.at(type), at)) return;
    figures(block, at);
    if (block.contains("title")) text(block["title"], at + ".title");
    if (type == "chart") chart(block, at);
    if (type == "picture" &&
        !(block["data"].is_string() && block["data"].get_ref<const std::string&>().starts_with("data:image/")))
      problems.push_back(at + ".data: expected \"data:image/...\": a page loads nothing from elsewhere");
    if (type == "table") table(block, at);
    if (type == "kpis")
      each(block, "items", at, [&](const Json& item, const std::string& where) {
        has(item, {"label", "value"}, where);
      });
    if (type == "details") blocks(block, at);
  }

  void blocks(const Json& parent, const std::string& at) {
    each(parent, "blocks", at, [&](const Json& item, const std::string& where) { block(item, where); });
  }

  bool has(const Json& value, const Names& names, const std::string& at) {
    bool all = true;
    for (const auto& name : names)
      if (!value.is_object() || !value.contains(name)) problems.push_back(at + "." + name + ": missing"), all = false;
    return all;
  }

  template <typename Visit>
  void each(const Json& parent, const std::string& key, const std::string& at, Visit visit) {
    const auto& list = parent[key];
    if (!list.is_array()) {
      problems.push_back(at + "." + key + ": got " + std::string(list.type_name()) + ", expected a list");
      return;
    }
    for (size_t i = 0; i < list.size(); ++i) visit(list[i], at + "." + key + "[" + std::to_string(i) + "]");
  }

 private:
  bool one_of(const Json& value, const std::string& key, const Names& names, const std::string& at) {
    const auto found = value.find(key);
    if (found == value.end()) return true;
    const std::string got = found->is_string() ? found->get<std::string>() : found->dump();
    if (std::find(names.begin(), names.end(), got) != names.end()) return true;
    problems.push_back(at + "." + key + ": got '" + got + "'" + suggest(got, names));
    return false;
  }

  void chart(const Json& chart, const std::string& at) {
    if (!one_of(chart, "kind", keys(kCharts), at)) return;
    const std::string kind = chart["kind"];
    if (!has(chart, kCharts.at(kind), at)) return;
    if (chart.contains("series"))
      each(chart, "series", at, [&](const Json& series, const std::string& where) {
        if (!has(series, {"name"}, where)) return;
        if (!series.contains("data") && !series.contains("band")) problems.push_back(where + ".data: missing");
        if (kind == "bar" && series.contains("data") && series["data"].size() != chart["categories"].size())
          problems.push_back(where + ".data: got " + std::to_string(series["data"].size()) +
                             " values, expected one for each of the " + std::to_string(chart["categories"].size()) +
                             " categories");
      });
    if (chart.contains("items"))
      each(chart, "items", at, [&](const Json& item, const std::string& where) {
        has(item, kind == "waterfall" ? Names{"label"} : Names{"label", "low", "high"}, where);
      });
  }

  void table(const Json& table, const std::string& at) {
    each(table, "columns", at, [&](const Json& column, const std::string& where) { has(column, {"title"}, where); });
    each(table, "rows", at, [&](const Json& row, const std::string& where) {
      if (row.size() != table["columns"].size())
        problems.push_back(where + ": got " + std::to_string(row.size()) + " cells, expected " +
                           std::to_string(table["columns"].size()));
    });
  }
};

}  // namespace

Problems check(const Json& document) {
  Checker checker;
  if (!checker.has(document, {"title", "sections"}, "document")) return checker.problems;
  checker.text(document["title"], "title");
  if (document.contains("subtitle")) checker.text(document["subtitle"], "subtitle");
  checker.each(document, "sections", "document", [&](const Json& section, const std::string& at) {
    if (!checker.has(section, {"title", "blocks"}, at)) return;
    checker.text(section["title"], at + ".title");
    checker.blocks(section, at);
  });
  return checker.problems;
}

}  // namespace ingot::report
