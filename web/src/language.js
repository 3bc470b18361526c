// The language of the page. A text of the document is a string, or {"en": .., "zh": ..}.
const words = {
  measured: ["measured", "实测"],
  predicted: ["predicted", "预测"],
  catalogued: ["catalogued", "查得"],
  assumed: ["assumed", "假设"],
  basis: ["Basis of the figures", "数据依据"],
  measured_means: ["timed or counted on this machine", "在本机计时或计数"],
  predicted_means: ["computed by a model from other figures", "由模型根据其他数据计算"],
  catalogued_means: ["published by its source, dated", "有出处、有日期的公开数据"],
  assumed_means: ["chosen by the authors of the plan", "计划编制者的选择"],
  contents: ["Contents", "目录"],
  data: ["Data table", "数据表"],
  download_csv: ["Download CSV", "下载 CSV"],
  language: ["Language", "语言"],
  none: ["n/a", "无"],
  sources: ["Where the numbers come from", "数据来源"],
  figure: ["Figure", "项目"],
  value: ["Value", "数值"],
  source: ["Source", "出处"],
  low: ["Low", "低"],
  high: ["High", "高"],
  mid: ["Mid", "中"],
  item: ["Item", "项目"],
  input_low: ["assumption at its low end", "假设取低值"],
  input_high: ["assumption at its high end", "假设取高值"],
  change: ["Change", "变动"],
  running: ["Running total", "累计"],
  skip: ["Skip to the content", "跳到正文"],
};

let current = "en";
export const language = () => current;
export const setLanguage = (name) => (current = name === "zh" ? "zh" : "en");
export const locale = () => (current === "zh" ? "zh-CN" : "en-US");
export const word = (key) => words[key][current === "zh" ? 1 : 0];

export function text(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") return String(value[current] ?? value.en ?? value.zh ?? "");
  return String(value);
}
export const isText = (value) =>
  typeof value === "string" || (typeof value === "object" && value !== null && ("en" in value || "zh" in value));
