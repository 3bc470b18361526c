#include "ingot/cli/run_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "ingot/base/file.h"
#include "ingot/formats/metrics_log.h"
#include "ingot/plan/report/report.h"

namespace ingot::cli {
namespace {

using report::Basis;
using report::both;
using report::figure;
using Curve = std::vector<std::pair<double, double>>;

constexpr char kSource[] = "run.json";

Json points(const Curve& curve) {
  Json out = Json::array();
  for (const auto& [x, y] : curve) out.push_back({x, y});
  return thinned(out, 300);
}

Json line_chart(const Json& title, const Json& series, const char* format = "number") {
  return {{"type", "chart"},
          {"kind", "line"},
          {"width", "half"},
          {"title", title},
          {"x", {{"title", both("step", "步")}, {"format", "int"}}},
          {"y", {{"title", title}, {"format", format}}},
          {"series", series}};
}

Json one_series(const Json& name, const Curve& curve) {
  return Json::array({{{"name", name}, {"data", points(curve)}}});
}

// kind of event -> key -> its values over the steps; the kinds are "train" and "eval".
std::map<std::string, std::map<std::string, Curve>> curves_of(const fs::path& folder) {
  std::map<std::string, std::map<std::string, Curve>> curves;
  for (const auto& event : read_metrics(folder))
    for (const auto& [key, value] : event.items())
      if (value.is_number() && std::isfinite(value.get<double>()) && event.contains("step"))
        curves[event.value("event", "")][key].emplace_back(event["step"].get<double>(), value.get<double>());
  return curves;
}

Json kpi(const Json& label, const Json& value, const char* format, const Json& note = nullptr) {
  Json item = {{"label", label},
               {"value", value.is_number() ? figure(value, format, Basis::Measured, kSource) : value}};
  if (!note.is_null()) item["note"] = note;
  return item;
}

Json headline(const Json& record) {
  const auto& train = record.at("train");
  Json items = Json::array();
  if (const auto best = record["eval"].value("best", Json()); best.is_object())
    items.push_back(
        kpi(both("Best validation " + best.value("metric", "loss"), "最佳验证 " + best.value("metric", "loss")),
            best["value"], "fixed4",
            both(fmt::format("at step {}", best.value("step", 0)), fmt::format("第 {} 步", best.value("step", 0)))));
  items.push_back(kpi(both("Steps", "步数"), train["steps"], "int"));
  const std::string unit = train.value("unit", "sample");
  items.push_back(kpi(both(unit + "s per second", "每秒 " + unit + " 数"), train["units_per_s"], "compact"));
  items.push_back(kpi(both("CPU time", "CPU 时间"), train["cpu_s"], "duration"));
  if (train.contains("mfu") && train["mfu"].is_number())
    items.push_back(
        kpi(both("Share of the machine's ceiling (MFU)", "占本机上限的比例（MFU）"), train["mfu"], "percent"));
  items.push_back(kpi(both("Peak memory", "内存峰值"), train["peak_memory_bytes"], "bytes"));
  return {{"type", "kpis"}, {"items", items}};
}

Json curves_section(const std::map<std::string, std::map<std::string, Curve>>& curves) {
  Json losses = Json::array(), blocks = Json::array();
  const auto find = [&](const char* event, const char* key) -> const Curve* {
    const auto kind = curves.find(event);
    if (kind == curves.end()) return nullptr;
    const auto curve = kind->second.find(key);
    return curve == kind->second.end() ? nullptr : &curve->second;
  };
  if (const auto* loss = find("train", "loss"))
    losses.push_back({{"name", both("training", "训练")}, {"color", 7}, {"data", points(*loss)}});
  if (const auto* loss = find("eval", "loss"))
    losses.push_back({{"name", both("validation", "验证")}, {"color", 0}, {"data", points(*loss)}});
  if (!losses.empty()) {
    auto chart = line_chart(both("Loss", "损失"), losses, "fixed3");
    chart.erase("width");
    blocks.push_back(chart);
  }
  if (curves.contains("eval"))
    for (const auto& [key, curve] : curves.at("eval"))
      if (key != "loss" && key != "step" && curve.front().second != curve.back().second)
        blocks.push_back(line_chart(both("validation " + key, "验证 " + key), one_series(key, curve)));
  Json more = Json::array();
  for (const auto& [key, en, zh] :
       {std::tuple("lr", "learning rate", "学习率"), std::tuple("grad_norm", "gradient norm", "梯度范数"),
        std::tuple("units_per_s", "speed, units per second", "速度（单位/秒）")})
    if (const auto* curve = find("train", key))
      more.push_back(line_chart(both(en, zh), one_series(both(en, zh), *curve)));
  if (!more.empty())
    blocks.push_back({{"type", "details"},
                      {"title", both("Learning rate, gradient, speed", "学习率、梯度与速度")},
                      {"blocks", more}});
  return {{"id", "curves"}, {"title", both("Curves", "曲线")}, {"blocks", blocks}};
}

// Numbers of `value` as rows "a.b": 3; lists and long texts are left to run.json.
void add_rows(Json& rows, const std::string& name, const Json& value) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) add_rows(rows, name.empty() ? key : name + "." + key, member);
  } else if (value.is_number() || value.is_boolean() ||
             (value.is_string() && value.get_ref<const std::string&>().size() < 80)) {
    rows.push_back({name, value.is_number()
                              ? figure(value, value.is_number_integer() ? "int" : "number", Basis::Measured, kSource)
                              : Json(value.is_string() ? value.get<std::string>() : to_text(value))});
  }
}

Json table(const Json& title, const Json& value, bool half = true) {
  Json rows = Json::array();
  add_rows(rows, "", value);
  Json block = {{"type", "table"},
                {"title", title},
                {"columns", {{{"title", both("name", "名称")}}, {{"title", both("value", "数值")}}}},
                {"rows", rows}};
  if (half) block["width"] = "half";
  return block;
}

}  // namespace

Json thinned(const Json& points, size_t most) {
  if (points.size() <= most) return points;
  Json out = Json::array();
  for (size_t i = 0; i < most; ++i) out.push_back(points[i * (points.size() - 1) / (most - 1)]);
  return out;
}

Json run_report(const fs::path& run_folder) {
  const Json record = read_json(run_folder / "run.json");
  Json sections = Json::array();
  sections.push_back({{"id", "summary"}, {"title", both("Summary", "概要")}, {"blocks", {headline(record)}}});
  if (const auto error = record.value("error", ""); !error.empty())
    sections.back()["blocks"].push_back({{"type", "note"}, {"tone", "warning"}, {"text", error}});
  if (auto curves = curves_section(curves_of(run_folder)); !curves["blocks"].empty()) sections.push_back(curves);

  std::vector<fs::path> pictures;
  if (fs::is_directory(run_folder / "pictures"))
    for (const auto& file : fs::directory_iterator(run_folder / "pictures"))
      if (const auto kind = file.path().extension(); kind == ".svg" || kind == ".png" || kind == ".txt")
        pictures.push_back(file.path());
  std::sort(pictures.begin(), pictures.end());
  if (!pictures.empty()) {
    Json blocks = Json::array();
    for (const auto& file : pictures) {
      auto title = file.stem().string();
      std::replace(title.begin(), title.end(), '_', ' ');
      blocks.push_back(file.extension() == ".txt" ? Json{{"type", "code"}, {"title", title}, {"text", read_file(file)}}
                                                  : report::picture(file, title));
    }
    sections.push_back({{"id", "pictures"}, {"title", both("Pictures", "图示")}, {"blocks", blocks}});
  }

  Json metrics = record.value("eval", Json::object());
  metrics.erase("best");
  Json blocks = Json::array();
  for (const auto& [split, values] : metrics.items())
    blocks.push_back(table(both("Metrics on " + split, split + " 上的指标"), values));
  if (!blocks.empty()) sections.push_back({{"id", "metrics"}, {"title", both("Metrics", "指标")}, {"blocks", blocks}});
  blocks = Json::array({table(both("Model", "模型"), record.at("model")),
                        table(both("Training", "训练"), record.at("train")),
                        table(both("Machine", "机器"), record.at("machine"), false)});
  if (fs::exists(run_folder / "recipe.toml"))
    blocks.push_back({{"type", "details"},
                      {"title", both("Recipe, with every default written out", "训练配方（含全部默认值）")},
                      {"blocks", {{{"type", "code"}, {"text", read_file(run_folder / "recipe.toml")}}}}});
  sections.push_back({{"id", "record"}, {"title", both("Record", "记录")}, {"blocks", blocks}});

  const auto fact = [](const Json& label, const Json& value) { return Json{{"label", label}, {"value", value}}; };
  return {{"title", record.at("name")},
          {"subtitle", both(fmt::format("Training run of the family `{}`", record["model"].value("family", "")),
                            fmt::format("模型族 `{}` 的一次训练", record["model"].value("family", "")))},
          {"facts",
           {fact(both("Status", "状态"), record.at("status")), fact(both("Started", "开始"), record.at("created")),
            fact(both("Parameters", "参数量"), figure(record["model"]["parameters"], "compact", Basis::Measured)),
            fact(both("Precision", "精度"), record.at("precision")), fact(both("Seed", "种子"), record.at("seed")),
            fact(both("Data", "数据"), record.at("data_hash").get<std::string>().substr(0, 12)),
            fact("Ingot", record["versions"].value("ingot", ""))}},
          {"sections", sections}};
}

}  // namespace ingot::cli
