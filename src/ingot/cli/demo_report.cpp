// The demo's report document: what was done, how well, how fast, at what cost, and what a larger model would take.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/text_table.h"
#include "ingot/base/version.h"
#include "ingot/cli/demo.h"
#include "ingot/cli/run_report.h"
#include "ingot/formats/metrics_log.h"
#include "ingot/plan/report/report.h"

namespace ingot::cli {
namespace {

using report::Basis;
using report::both;
using report::figure;

// All that the sections read.
struct Findings {
  fs::path folder;
  Json stages, card, main, evaluation, samples, serving, economics, machine;
  std::vector<Json> runs;  // records, the main one last
  std::string run_source(const Json& run) const { return "runs/" + run["name"].get<std::string>() + "/run.json"; }
};

Json measured(double value, const char* format, const std::string& source) {
  return figure(value, format, Basis::Measured, source);
}
Json with_unit(Json value, const Json& unit) {
  value["unit"] = unit;
  return value;
}
Json tokens_per_s(double value, const std::string& source) {
  return with_unit(measured(value, "compact", source), both("tokens/s", "词元/秒"));
}
Json text_block(const Json& text) { return {{"type", "text"}, {"text", text}}; }
Json column(const char* en, const char* zh, const char* format = "") {
  Json c = {{"title", both(en, zh)}};
  if (*format) c["format"] = format;
  return c;
}
double number_at(const Json& value, const char* key) {
  return value.contains(key) && value[key].is_number() ? value[key].get<double>() : NAN;
}
// A range {"low", "value", "high"} of economics.json as a figure.
Json ranged(const Json& range, const char* format, Basis basis, const Json& source) {
  return figure(range["value"], range["low"], range["high"], format, basis, source);
}

Json data_section(const Findings& f) {
  const auto& card = f.card;
  const std::string source = "data/card.json";
  std::string names;
  for (const auto& s : card["sources"]) names += (names.empty() ? "" : ", ") + s["name"].get<std::string>();
  Json rows = Json::array();
  rows.push_back({both("read", "读入"), card["records"]});
  if (card["bad"] != 0) rows.push_back({both("unreadable", "无法读取"), card["bad"]});
  for (const auto& [rule, count] : card["dropped"].items())
    if (count != 0) rows.push_back({both("dropped: " + rule, "剔除：" + rule), count});
  rows.push_back({both("kept", "保留"), card["kept"]});
  Json redacted = Json::array();
  for (const auto& [kind, count] : card["pii"].items()) redacted.push_back({kind, count});
  Json licences = Json::array();
  for (const auto& s : card["sources"]) licences.push_back({s["name"], s["licence"], s["kept"], s["bytes_kept"]});
  return {{"id", "data"},
          {"title", both("The text", "文本")},
          {"lead",
           both(fmt::format("{} documents of {} were kept, {} of clean text.", grouped(card["kept"].get<long long>()),
                            names, human_bytes(card["bytes_kept"].get<double>())),
                fmt::format("从 {} 保留 {} 篇文档，清洗后共 {}。", names, grouped(card["kept"].get<long long>()),
                            human_bytes(card["bytes_kept"].get<double>())))},
          {"blocks",
           {{{"type", "kpis"},
             {"items",
              {{{"label", both("Training tokens", "训练词元")},
                {"value", measured(card["splits"]["train"]["tokens"], "compact", source)}},
               {{"label", both("Validation tokens", "验证词元")},
                {"value", measured(card["splits"]["validation"]["tokens"], "compact", source)}},
               {{"label", both("Vocabulary", "词表大小")},
                {"value", measured(card["tokenizer"]["vocab_size"], "int", source)},
                {"note", both("byte-level BPE, trained here", "字节级 BPE，在此训练")}}}}},
            {{"type", "table"},
             {"width", "half"},
             {"title", both("Documents", "文档")},
             {"total", true},
             {"columns", {column("", ""), column("documents", "篇数", "int")}},
             {"rows", rows}},
            {{"type", "table"},
             {"width", "half"},
             {"title", both("Personal data, redacted", "已脱敏的个人信息")},
             {"columns", {column("kind", "类别"), column("hits", "命中", "int")}},
             {"rows", redacted}},
            {{"type", "table"},
             {"title", both("Sources and licences", "来源与许可")},
             {"columns",
              {column("source", "来源"), column("licence", "许可"), column("documents", "篇数", "int"),
               column("size", "大小", "bytes")}},
             {"rows", licences}}}}};
}

Json training_section(const Findings& f) {
  Json train = Json::array(), validation = Json::array();
  for (const auto& event : read_metrics(f.folder / "runs" / f.main["name"].get<std::string>())) {
    const auto kind = event.value("event", "");
    if (!event.contains("loss") || !event["loss"].is_number()) continue;
    if (kind == "train") train.push_back({event["step"], event["loss"]});
    if (kind == "eval") validation.push_back({event["step"], event["loss"]});
  }
  Json rows = Json::array();
  for (const auto& run : f.runs) {
    const auto source = f.run_source(run);
    const auto& t = run["train"];
    rows.push_back({run["name"], run["model"]["parameters"], t["units"],
                    measured(number_at(run["eval"]["validation"], "loss"), "fixed3", source),
                    measured(number_at(t, "units_per_s"), "compact", source),
                    measured(number_at(t, "mfu"), "percent", source),
                    measured(number_at(t, "cpu_s"), "duration", source)});
  }
  return {{"id", "training"},
          {"title", both("Training", "训练")},
          {"blocks",
           {{{"type", "chart"},
             {"kind", "line"},
             {"title", both("Loss of the main run", "主要训练的损失")},
             {"note", both("Nats per token; the learning rate falls in the last 30 % of the steps.",
                           "单位为每词元纳特；学习率在最后 30% 的步数内下降。")},
             {"x", {{"title", both("step", "步")}, {"format", "int"}}},
             {"y", {{"title", both("loss", "损失")}, {"format", "fixed2"}}},
             {"series",
              {{{"name", both("training", "训练")}, {"color", 7}, {"data", thinned(train, 240)}},
               {{"name", both("validation", "验证")}, {"color", 0}, {"data", validation}}}}},
            {{"type", "table"},
             {"title", both("All runs", "所有训练")},
             {"note", both("The small runs keep their learning rate and serve the scaling law; MFU is against this "
                           "machine's measured ceiling.",
                           "小模型保持学习率不变，用于拟合规模定律；MFU 相对于本机实测上限。")},
             {"columns",
              {column("run", "训练"), column("parameters", "参数量", "compact"), column("tokens", "词元", "compact"),
               column("validation loss", "验证损失"), column("tokens/s", "词元/秒"), column("MFU", "MFU"),
               column("CPU time", "CPU 时间")}},
             {"rows", rows}}}}};
}

Json samples_section(const Findings& f) {
  const auto& metrics = f.evaluation["metrics"];
  Json items = Json::array();
  const auto add = [&](const char* key, const Json& label, const char* format) {
    if (std::isfinite(number_at(metrics, key)))
      items.push_back({{"label", label}, {"value", measured(metrics[key], format, "evaluation.json")}});
  };
  add("loss", both("Loss, nats per token", "损失（纳特/词元）"), "fixed3");
  add("perplexity", both("Perplexity", "困惑度"), "fixed1");
  add("bits_per_byte", both("Bits per byte", "每字节比特数"), "fixed3");
  Json blocks = Json::array(
      {{{"type", "kpis"}, {"items", items}},
       text_block(both("Continued with temperature 0.7, top-p 0.95, seed 1. A model this small has learned the look of "
                       "a manual page, not its facts.",
                       "采样温度 0.7，top-p 0.95，种子 1。如此小的模型学到的是手册页的样子，而不是其内容。"))});
  for (const auto& sample : f.samples["samples"])
    blocks.push_back({{"type", "code"},
                      {"title", both("Prompt: ", "提示：")["en"].get<std::string>() + Json(sample["prompt"]).dump()},
                      {"text", sample["prompt"].get<std::string>() + sample["text"].get<std::string>()}});
  const auto& answer = f.serving["answer"];
  blocks.push_back(
      {{"type", "code"},
       {"title", both("One question over HTTP", "通过 HTTP 提一个问题")},
       {"text", "POST /v1/completions\n" + to_text(f.serving["request"], 2) + "\n\n200 OK\n" + to_text(answer, 2)}});
  return {{"id", "samples"}, {"title", both("What the model can do", "模型的表现")}, {"blocks", blocks}};
}

Json cost_section(const Findings& f) {
  const auto& t = f.main["train"];
  const auto& e = f.economics;
  const double hour = e["funding"]["usd_per_hour_here"];
  const std::string run = f.run_source(f.main);
  const auto assumed_hour = both(fmt::format("at an assumed ${} an hour for a machine like this one", hour),
                                 fmt::format("假设此类机器每小时 {} 美元", hour));
  const double served = f.serving["tokens_per_s"];
  const double served_low = f.serving["tokens_per_s_low"], served_high = f.serving["tokens_per_s_high"];
  const auto per_million = [&](double rate) { return 1e6 / rate / 3600 * hour; };
  Json rows = Json::array();
  rows.push_back({both("training speed", "训练速度"), tokens_per_s(t["units_per_s"], run)});
  if (std::isfinite(number_at(t, "mfu")))
    rows.push_back(
        {both("share of this machine's ceiling (MFU)", "占本机上限的比例（MFU）"), measured(t["mfu"], "percent", run)});
  rows.push_back({both("arithmetic in training", "训练算力"),
                  with_unit(measured(e["flops_here"].get<double>() / 1e9, "number", run), "GFLOP/s")});
  rows.push_back({both("peak memory", "内存峰值"), measured(number_at(t, "peak_memory_bytes"), "bytes", run)});
  rows.push_back({both("serving speed over HTTP, one client", "HTTP 服务速度（单客户端）"),
                  with_unit(figure(served, served_low, served_high, "number", Basis::Measured, "serving.json"),
                            both("tokens/s", "词元/秒"))});
  rows.push_back(
      {both("cost of the main run", "主要训练的成本"), figure(e["usd_run"], "usd", Basis::Predicted, assumed_hour)});
  rows.push_back({both("per million tokens trained", "每百万训练词元"),
                  figure(e["usd_per_million_trained"], "usd", Basis::Predicted, assumed_hour)});
  rows.push_back({both("per million tokens served, one client", "每百万生成词元（单客户端）"),
                  figure(per_million(served), per_million(served_high), per_million(served_low), "usd",
                         Basis::Predicted, assumed_hour)});
  Json stage_rows = Json::array();
  double total = 0, total_cpu = 0;
  for (const auto& [name, stage] : f.stages.items()) {
    stage_rows.push_back({name, stage["seconds"], stage["cpu_seconds"]});
    total += stage["seconds"].get<double>();
    total_cpu += stage["cpu_seconds"].get<double>();
  }
  stage_rows.push_back({both("total", "合计"), total, total_cpu});
  return {
      {"id", "cost"},
      {"title", both("Speed and cost", "速度与成本")},
      {"blocks",
       {{{"type", "table"},
         {"title", both("What this machine does", "本机实测")},
         {"columns", {column("", ""), column("value", "数值")}},
         {"rows", rows}},
        {{"type", "table"},
         {"title", both("Where the time went", "时间分布")},
         {"total", true},
         {"columns",
          {column("stage", "阶段"), column("time", "耗时", "duration"), column("CPU time", "CPU 时间", "duration")}},
         {"rows", stage_rows}}}}};
}

Json scaling_section(const Findings& f) {
  const auto& law = f.economics["law"];
  Json points = Json::array(), line = Json::array(), band = Json::array();
  for (const auto& p : law["points"]) points.push_back({p[0], p[2], ""});
  for (const auto& c : law["curve"]) {
    line.push_back({c[0], c[1]});
    band.push_back({c[0], c[2], c[3]});
  }
  const Json fit_source = both(fmt::format("fit to {} evaluations of the small runs", law["num_points"].get<int>()),
                               fmt::format("由小模型的 {} 次评估拟合", law["num_points"].get<int>()));
  const Json held =
      both("Besiroglu et al. 2024, arXiv 2404.10102; held fixed", "Besiroglu 等 2024，arXiv 2404.10102；固定不变");
  const auto parameter = [&](const char* name) {
    const auto& range = law["intervals"][name];
    return figure(law[name], range["low"], range["high"], "number", Basis::Predicted, fit_source);
  };
  const Json rows = {
      {"E", parameter("E"), both("loss that no size removes", "任何规模都无法消除的损失")},
      {"A", parameter("A"), both("weight of the size term", "规模项系数")},
      {"B", parameter("B"), both("weight of the data term", "数据项系数")},
      {"α", figure(law["alpha"], "fixed3", Basis::Catalogued, held), both("exponent of size", "规模指数")},
      {"β", figure(law["beta"], "fixed3", Basis::Catalogued, held), both("exponent of data", "数据指数")}};
  const auto& check = law["check"];
  return {
      {"id", "scaling"},
      {"title", both("A scaling law from small runs", "由小模型得到的规模定律")},
      {"blocks",
       {text_block(
            both("Loss is modelled as `L = E + A/N^α + B/D^β` of parameters N and tokens D (Hoffmann et al. 2022). The "
                 "points are the evaluations of the small runs at constant learning rate; a handful of them cannot "
                 "determine both exponents, so these are taken from the literature and E, A and B are fitted.",
                 "损失写作参数量 N 与词元数 D 的函数 `L = E + A/N^α + B/D^β`（Hoffmann 等 "
                 "2022）。各点为小模型在恒定学习率下的评估结果；少量数据不足以同时确定两个指数，因此指数取自文献，只拟"
                 "合 E、A、B。")),
        {{"type", "chart"},
         {"kind", "scatter"},
         {"title",
          both("Loss of the balanced model of each size, with an 80 % band", "各规模均衡模型的损失及 80% 区间")},
         {"note", both("Points lie above the curve where a small model saw fewer or more tokens than is balanced. "
                       "Everything right of the points is extrapolation; the band is the spread of bootstrap refits "
                       "and does not cover a wrong form of the law.",
                       "小模型所见词元偏离均衡值时，点位于曲线上方。点以右均为外推；区间为自助法重拟合的散布，不包含定"
                       "律形式本身出错的可能。")},
         {"x", {{"title", both("parameters", "参数量")}, {"scale", "log"}, {"format", "compact"}}},
         {"y", {{"title", both("loss, nats per token", "损失（纳特/词元）")}, {"format", "fixed2"}}},
         {"series",
          {{{"name", both("evaluations", "评估")}, {"basis", "measured"}, {"data", points}},
           {{"name", both("law", "定律")},
            {"as", "line"},
            {"dash", true},
            {"basis", "predicted"},
            {"data", line},
            {"band", band}}}}},
        {{"type", "table"},
         {"title", both("The fit", "拟合结果")},
         {"columns", {column("", ""), column("value", "数值"), column("meaning", "含义")}},
         {"rows", rows}},
        {{"type", "note"},
         {"text",
          both(fmt::format(
                   "Check on the main run, which the fit did not see: forecast {:.3f}, actual {:.3f} ({:+.1f} %). Its "
                   "learning rate decays, which the small runs' does not, so a lower loss than forecast is expected.",
                   number_at(check, "forecast"), number_at(check, "actual"),
                   100 * (number_at(check, "actual") / number_at(check, "forecast") - 1)),
               fmt::format("以未参与拟合的主要训练检验：预测 {:.3f}，实际 "
                           "{:.3f}（{:+.1f}%）。主要训练的学习率有衰减而小模型没有，因此实际损失低于预测在意料之中。",
                           number_at(check, "forecast"), number_at(check, "actual"),
                           100 * (number_at(check, "actual") / number_at(check, "forecast") - 1)))}}}}};
}

std::string times_text(const Json& estimate) { return fmt::format("{:.0f}×", estimate["times"].get<double>()); }

Json funding_section(const Findings& f) {
  const auto& e = f.economics;
  const auto& funding = e["funding"];
  const auto& chip = e["chip"];
  const std::string chip_name = chip["name"];
  const Json law_source = both("balanced size by the fitted law, 80 % interval of bootstrap refits",
                               "按拟合定律的均衡规模，自助法 80% 区间");
  const Json rent_source =
      both(fmt::format("{} at {:.2f} USD an hour (median of {} quotes to {}), MFU {} assumed; 10-90 % interval",
                       chip_name, chip["usd_per_hour"].get<double>(), chip["quotes"].get<int>(),
                       chip["date"].get<std::string>(), funding["mfu"].get<double>()),
           fmt::format("{}，每小时 {:.2f} 美元（截至 {} 的 {} 个报价的中位数），假设 MFU 为 {}；10–90% 区间", chip_name,
                       chip["usd_per_hour"].get<double>(), chip["date"].get<std::string>(), chip["quotes"].get<int>(),
                       funding["mfu"].get<double>()));
  const Json team_source = both("team and months are assumptions, see below", "人数与月数为假设，见下");
  Json rows = Json::array(), kpis = Json::array(), names = Json::array(), compute = Json::array(),
       people = Json::array();
  for (const auto& s : e["estimates"]) {
    const auto name = times_text(s);
    rows.push_back({name, figure(s["params"], "compact", Basis::Assumed),
                    ranged(s["tokens"], "compact", Basis::Predicted, law_source),
                    figure(s["flop"]["value"], "number", Basis::Predicted, "6 N D"),
                    ranged(s["loss"], "fixed2", Basis::Predicted, law_source),
                    figure(s["chips"], "int", Basis::Predicted, rent_source),
                    ranged(s["usd_compute"], "usd_compact", Basis::Predicted, rent_source),
                    figure(s["usd_people"], "usd_compact", Basis::Assumed, team_source),
                    figure(s["months"], "fixed1", Basis::Assumed, team_source),
                    ranged(s["usd"], "usd_compact", Basis::Predicted, rent_source)});
    kpis.push_back({{"label", both(name + " as large", "规模为 " + name)},
                    {"value", ranged(s["usd"], "usd_compact", Basis::Predicted, rent_source)},
                    {"note", both(fmt::format("{:.1f} months", s["months"].get<double>()),
                                  fmt::format("{:.1f} 个月", s["months"].get<double>()))}});
    names.push_back(name);
    compute.push_back(s["usd_compute"]["value"]);
    people.push_back(s["usd_people"]);
  }
  const auto percent = [](double share) { return fmt::format("{:.0f} %", 100 * share); };
  const Json assumptions = {
      both(
          fmt::format("Rented {} at {} model FLOPs utilisation; enough of them that all compute fits into {} month(s).",
                      chip_name, percent(funding["mfu"]), funding["compute_months"].get<double>()),
          fmt::format("租用 {}，模型算力利用率 {}；数量足以在 {} 个月内完成全部计算。", chip_name,
                      percent(funding["mfu"]), funding["compute_months"].get<double>())),
      both(fmt::format("The final run is {} of all compute of research and development (Epoch AI 2025: 10 to 30 %).",
                       percent(funding["rd_share"])),
           fmt::format("最终训练占研发总算力的 {}（Epoch AI 2025：10% 至 30%）。", percent(funding["rd_share"]))),
      both(fmt::format("{} people at ${} a month and {} months besides the compute at 10×; half as many again of each "
                       "at every further step. These are points: the intervals cover compute only.",
                       funding["team"].get<int>(), grouped(funding["usd_per_person_month"].get<long long>()),
                       funding["prepare_months"].get<double>()),
           fmt::format("10× 时 {} 人，每人每月 {} 美元，除计算外另需 {} "
                       "个月；此后每级各增加一半。以上为点估计，区间只覆盖算力。",
                       funding["team"].get<int>(), grouped(funding["usd_per_person_month"].get<long long>()),
                       funding["prepare_months"].get<double>())),
      both("No data licences, serving, office or sales. Change an assumption with "
           "`ingot demo --set funding.team=5`.",
           "不含数据许可、服务、办公与销售。可用 `ingot demo --set funding.team=5` "
           "修改假设。")};
  return {
      {"id", "funding"},
      {"title", both("A first funding estimate", "初步融资估算")},
      {"lead", both("Months and money to a model 10, 100 and 1,000 times as large as the one trained here.",
                    "训练 10 倍、100 倍、1000 倍规模的模型所需的时间与资金。")},
      {"blocks",
       {{{"type", "kpis"}, {"items", kpis}},
        {{"type", "table"},
         {"title", both("Step by step", "逐级估算")},
         {"columns",
          {column("size", "规模"), column("parameters", "参数量"), column("tokens", "词元"), column("FLOP", "FLOP"),
           column("loss", "损失"), column("chips", "芯片"), column("compute", "算力"), column("people", "人员"),
           column("months", "月"), column("total", "合计")}},
         {"rows", rows}},
        {{"type", "chart"},
         {"kind", "bar"},
         {"stacked", true},
         {"title", both("Compute and people", "算力与人员")},
         {"categories", names},
         {"y", {{"format", "usd_compact"}}},
         {"series",
          {{{"name", both("people", "人员")}, {"color", 0}, {"data", people}},
           {{"name", both("compute", "算力")}, {"color", 1}, {"data", compute}}}}},
        {{"type", "note"},
         {"tone", "warning"},
         {"text",
          both(fmt::format("This extrapolates from models of at most {} parameters by up to {} times in size. Use it "
                           "for the order of magnitude, and measure a run at every factor of ten before money follows.",
                           si(f.economics["law"]["max_params"]),
                           grouped(std::llround(e["estimates"].back()["params"].get<double>() /
                                                f.economics["law"]["max_params"].get<double>()))),
               fmt::format(
                   "以上由至多 {} 参数的模型外推，规模跨度达 {} 倍。仅供判断数量级；每扩大十倍，应先实测再投入资金。",
                   si(f.economics["law"]["max_params"]),
                   grouped(std::llround(e["estimates"].back()["params"].get<double>() /
                                        f.economics["law"]["max_params"].get<double>()))))}},
        {{"type", "details"},
         {"title", both("Assumptions", "假设")},
         {"blocks", {{{"type", "list"}, {"items", assumptions}}}}}}}};
}

Json again_section(const Findings& f) {
  std::string commands = "make demo            # or: ingot demo\n\n# stage by stage\n";
  for (const auto& [name, stage] : f.stages.items()) commands += stage["command"].get<std::string>() + "\n";
  Json machine = Json::array();
  for (const auto& [key, value] : f.machine.items())
    if (!value.is_structured() && value != "")
      machine.push_back({key, value.is_string()       ? value
                              : key == "memory_bytes" ? Json(human_bytes(value.get<double>()))
                                                      : Json(value)});
  return {{"id", "again"},
          {"title", both("Do it again", "重现")},
          {"blocks",
           {{{"type", "code"}, {"title", both("Commands", "命令")}, {"text", commands}},
            {{"type", "table"},
             {"title", both("Machine", "机器")},
             {"columns", {column("", ""), {{"title", both("value", "数值")}, {"align", "left"}}}},
             {"rows", machine}},
            {{"type", "download"},
             {"label", both("Download the recipe of the main run (TOML)", "下载主要训练的配方（TOML）")},
             {"filename", "main.toml"},
             {"mime", "application/toml"},
             {"text", read_file(f.folder / "runs" / f.main["name"].get<std::string>() / "recipe.toml")}}}}};
}

Json verdict_section(const Findings& f) {
  double total = 0;
  for (const auto& [name, stage] : f.stages.items()) total += stage["seconds"].get<double>();
  const auto& t = f.main["train"];
  const auto& estimate = f.economics["estimates"][1];
  const double params = f.main["model"]["parameters"], tokens = t["units"];
  const std::string run = f.run_source(f.main);
  return {{"id", "verdict"},
          {"title", both("In short", "概要")},
          {"lead", both(fmt::format("A language model of {} parameters learned from {} tokens, was measured, answered "
                                    "over HTTP and was costed, all in {} on this machine. By its own scaling law, one "
                                    "100 times as large takes about {:.0f} months and ${}.",
                                    si(params), si(tokens), format_duration(total), estimate["months"].get<double>(),
                                    si(estimate["usd"]["value"])),
                        fmt::format("一个 {} 参数的语言模型在本机用 {} 完成了 {} 词元的训练、评测、HTTP "
                                    "问答与成本核算。按其自身的规模定律，100 倍规模的模型约需 {:.0f} 个月、{} 美元。",
                                    si(params), format_duration(total), si(tokens), estimate["months"].get<double>(),
                                    si(estimate["usd"]["value"])))},
          {"blocks",
           {{{"type", "kpis"},
             {"items",
              {{{"label", both("Parameters", "参数量")}, {"value", measured(params, "compact", run)}},
               {{"label", both("Validation loss", "验证损失")},
                {"value", measured(number_at(f.evaluation["metrics"], "loss"), "fixed3", "evaluation.json")},
                {"note", both("nats per token", "纳特/词元")}},
               {{"label", both("Training speed", "训练速度")}, {"value", tokens_per_s(t["units_per_s"], run)}},
               {{"label", both("Serving speed", "服务速度")},
                {"value",
                 with_unit(measured(f.serving["tokens_per_s"], "number", "serving.json"), both("tokens/s", "词元/秒"))},
                {"note", both("over HTTP, one client", "HTTP，单客户端")}},
               {{"label", both("Cost of the main run", "主要训练的成本")},
                {"value", figure(f.economics["usd_run"], "usd", Basis::Predicted,
                                 both("measured time at an assumed price of an hour", "实测时间乘以假设的小时价"))}},
               {{"label", both("100× as large", "规模为 100×")},
                {"emphasis", true},
                {"value", ranged(estimate["usd"], "usd_compact", Basis::Predicted,
                                 both("see the funding estimate", "见融资估算"))},
                {"note", both(fmt::format("{:.1f} months", estimate["months"].get<double>()),
                              fmt::format("{:.1f} 个月", estimate["months"].get<double>()))}}}}}}}};
}

}  // namespace

Json demo_document(const fs::path& folder) {
  Findings f;
  f.folder = folder;
  f.stages = read_json(folder / "demo.json").at("stages");
  f.card = read_json(folder / "data" / "card.json");
  f.evaluation = read_json(folder / "evaluation.json");
  f.samples = read_json(folder / "samples.json");
  f.serving = read_json(folder / "serving.json");
  f.economics = read_json(folder / "economics.json");
  f.machine = read_json(folder / "machine.json");
  for (const auto& [name, stage] : f.stages.items())
    if (const auto file = folder / "runs" / name / "run.json"; fs::exists(file)) f.runs.push_back(read_json(file));
  INGOT_INVARIANT(!f.runs.empty(), "the demo trained something");
  f.main = f.runs.back();
  return {{"title", both("From raw text to a funding estimate", "从原始文本到融资估算")},
          {"subtitle", both("One language model, trained, evaluated, served and costed on one machine by `ingot demo`.",
                            "由 `ingot demo` 在一台机器上完成训练、评测、服务与成本核算的语言模型。")},
          {"facts",
           {{{"label", both("Machine", "机器")},
             {"value", f.machine.value("cpu", "") + fmt::format(", {} cores", f.machine.value("cores", 1))}},
            {{"label", both("Date", "日期")}, {"value", f.stages.back()["finished"].get<std::string>().substr(0, 10)}},
            {{"label", both("Made with", "工具")}, {"value", std::string("Ingot ") + version()}}}},
          {"sections",
           {verdict_section(f), data_section(f), training_section(f), samples_section(f), cost_section(f),
            scaling_section(f), funding_section(f), again_section(f)}},
          {"footer", both("Written by Ingot from the files beside it; every figure names its source.",
                          "由 Ingot 根据同目录下的文件生成；每个数字均注明出处。")}};
}

}  // namespace ingot::cli
