// Risk and compliance, and where every input comes from.
#include <algorithm>

#include "ingot/base/file.h"
#include "ingot/plan/venture/document.h"

namespace ingot::venture {

using report::both;
using report::figure;
using report::section;

namespace {

// Regulation (EU) 2024/1689, Art. 51(2): systemic risk is presumed above 1e25 FLOP; Commission guidelines of 2025-07-18
// take 1e23 FLOP as the indicative criterion of a general-purpose model.
constexpr double kSystemicRisk = 1e25, kGeneralPurpose = 1e23;

Json eu_rows(const Outcome& o) {
  Json rows = Json::array();
  const Json source = both(
      "Regulation (EU) 2024/1689, Art. 51(2), in force for general-purpose models since 2025-08-02, enforced with "
      "fines since 2026-08-02 (Art. 101; the Digital Omnibus of 2026 left both dates); Commission guidelines C(2025) "
      "5045, 2025-07-18",
      "欧盟条例 2024/1689 第 51(2) 条，通用模型义务自 2025-08-02 起适用，自 2026-08-02 起可处罚款（第 101 "
      "条；2026 年《数字综合法案》未改动这两个日期）；委员会指南 C(2025) 5045，2025-07-18");
  for (const auto& m : o.plan.models)
    rows.push_back(
        {m.name, flop_figure(m.flop, basis_of(m.basis), m.source),
         figure(m.flop / kSystemicRisk, "percent", report::Basis::Predicted, source),
         m.flop >= kSystemicRisk
             ? both(
                   "**systemic risk**: notify the Commission within two weeks; evaluations, incident reports, security",
                   "**系统性风险**：两周内通知委员会；评测、事件报告、安全")
         : m.flop >= kGeneralPurpose
             ? both("general-purpose model: technical documentation, copyright policy, training-content summary",
                    "通用模型：技术文档、版权政策、训练内容摘要")
             : both("below the indicative criterion of a general-purpose model", "低于通用模型的参考标准")});
  return rows;
}

}  // namespace

Json risk_section(const Outcome& o) {
  const auto& c = o.venture.compliance;
  Json blocks = Json::array();
  if (c.eu && !o.plan.models.empty())
    blocks.push_back(report::report_table(
        both("EU AI Act: training compute against 1e25 FLOP", "欧盟《人工智能法》：训练算力与 1e25 FLOP 阈值"),
        {{both("model", "模型"), ""},
         {both("training FLOP", "训练 FLOP"), ""},
         {both("of the threshold", "占阈值"), ""},
         {both("duties", "义务"), ""}},
        eu_rows(o)));
  Json duties = Json::array();
  if (c.china && c.public_service) {
    duties.push_back(both(
        "China, public service: security assessment and filing of the service before launch; algorithm filing; "
        "lawful sources and licences of training data; the product shows the model's name and filing number (Interim "
        "Measures for Generative AI Services, Art. 4, 7, 17, in force since 2023-08-15; CAC notice of 2026-01-09).",
        "中国面向公众的服务：上线前须完成安全评估与大模型备案、算法备案；训练数据来源合法并尊重知识产权；产品须显著公示"
        "模型名称与备案号（《生成式人工智能服务管理暂行办法》第四、七、十七条，2023-08-15 施行；国家网信办 2026-01-09 "
        "公告）。"));
    duties.push_back(both(
        "China: generated content carries explicit and implicit labels (Measures for Labelling AI-Generated Content, "
        "in force since 2025-09-01; GB 45438-2025).",
        "中国：生成内容须添加显式与隐式标识（《人工智能生成合成内容标识办法》，2025-09-01 施行；GB 45438-2025）。"));
  } else if (c.china) {
    duties.push_back(
        both("China, not offered to the public: research and internal use are outside the Interim Measures (Art. 2).",
             "中国非公众服务：研发与内部使用不适用《暂行办法》（第二条）。"));
  }
  if (c.us)
    duties.push_back(
        both("California SB 53 (in force since 2026-01-01): transparency and incident reports above 1e26 FLOP, a "
             "published frontier framework with revenue over $500M a year; New York's RAISE Act (signed 2025-12-19, "
             "amended 2026-03-27, in force from 2027-01-01) asks the like above the same two lines.",
             "加州 SB 53（2026-01-01 施行）：超过 1e26 FLOP 须公开透明度信息并报告事件，年收入超过 5 "
             "亿美元者还须公布前沿安全框架；纽约 RAISE 法案（2025-12-19 签署，2026-03-27 修订，2027-01-01 "
             "起施行）门槛与义务类似。"));
  if (!duties.empty()) blocks.push_back({{"type", "list"}, {"items", duties}});
  // Data licences and personal data, from the cards that `ingot data` wrote.
  Json licences = Json::array();
  for (const auto& path : c.data_cards) {
    const auto file = std::filesystem::path(path).is_absolute() ? std::filesystem::path(path) : o.venture.folder / path;
    const auto card = read_json(file);
    double redacted = 0;
    if (card.contains("pii"))
      for (const auto& [kind, hits] : card["pii"].items())
        if (hits.is_number()) redacted += hits.get<double>();
    if (card.contains("sources"))
      for (const auto& s : card["sources"]) {
        const auto licence = s.value("licence", std::string());
        licences.push_back(
            {s.value("name", std::string()), licence.empty() ? both("**unknown**", "**未知**") : Json(licence),
             s.contains("kept") ? figure(s["kept"].get<double>(), "int", report::Basis::Measured, path) : Json(nullptr),
             figure(redacted, "int", report::Basis::Measured, path)});
      }
  }
  if (!licences.empty())
    blocks.push_back(report::report_table(both("Training data", "训练数据"),
                                          {{both("source", "来源"), ""},
                                           {both("licence", "许可"), ""},
                                           {both("documents kept", "保留篇数"), ""},
                                           {both("personal data redacted, whole card", "脱敏个人信息（整卡）"), ""}},
                                          licences));
  // Privacy budgets that runs recorded.
  Json privacy = Json::array();
  for (const auto& r : o.plan.reviews) {
    const auto record = read_json(r.run.path);
    if (!record.contains("privacy") || !record["privacy"].is_object() || !record["privacy"].contains("epsilon"))
      continue;
    privacy.push_back({r.run.name, record["privacy"]["epsilon"], record["privacy"].value("delta", Json(nullptr))});
  }
  if (!privacy.empty())
    blocks.push_back(report::report_table(both("Privacy budget of the runs", "训练的隐私预算"),
                                          {{both("run", "训练"), ""}, {"ε", "number"}, {"δ", "number"}}, privacy));
  if (licences.empty())
    blocks.push_back(note(
        "info",
        both("No data card is named (`compliance.data_cards`): licences of the training data are unknown to this plan.",
             "未提供数据卡（`compliance.data_cards`）：本计划不掌握训练数据的许可情况。")));
  blocks.push_back({{"type", "text"},
                    {"text", both("Rules as of 2026-11-24, read for orientation; not legal advice.",
                                  "规则截至 2026-11-24，仅供参考，不构成法律意见。")}});
  return section("risk", both("Risk and compliance", "风险与合规"), nullptr, blocks);
}

Json inputs_section(const Outcome& o) {
  Json rows = Json::array();
  for (const auto& f : o.plan.facts)
    rows.push_back({f.label, figure(f.value, f.format, basis_of(f.basis), f.source), f.source});
  Json files = Json::array();
  for (const auto& i : o.venture.inputs) files.push_back({i.path, i.sha256});
  Json warnings = Json::array();
  for (const auto& w : o.plan.warnings) warnings.push_back(w);
  Json blocks = Json::array();
  blocks.push_back(report::report_table(
      both("Inputs and where they come from", "输入及其来源"),
      {{both("input", "输入"), ""}, {both("value", "数值"), ""}, {both("source", "来源"), ""}}, rows));
  if (!warnings.empty())
    blocks.push_back({{"type", "details"},
                      {"title", both("Remarks of the cost model", "成本模型备注")},
                      {"blocks", {{{"type", "list"}, {"items", warnings}}}}});
  blocks.push_back(report::report_table(both("Files", "文件"), {{both("file", "文件"), ""}, {"SHA-256", ""}}, files));
  blocks.push_back({{"type", "details"},
                    {"title", both("The plan as read", "读入的计划")},
                    {"blocks", {{{"type", "code"}, {"text", o.venture.toml}}}}});
  blocks.push_back({{"type", "download"},
                    {"label", both("Download the plan (TOML)", "下载计划（TOML）")},
                    {"filename", "venture.toml"},
                    {"mime", "application/toml"},
                    {"text", o.venture.toml}});
  return section("inputs", both("Inputs", "输入"),
                 both("Measured beats predicted, predicted beats catalogued, and assumed is the last resort. The same "
                      "inputs give the same report hash.",
                      "实测优于预测，预测优于目录，假设为最后手段。相同输入得到相同的报告哈希。"),
                 blocks);
}

}  // namespace ingot::venture
