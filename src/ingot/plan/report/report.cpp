#include "ingot/plan/report/report.h"

#include <array>
#include <cmath>

#include "ingot/base/embedded.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/plan/report/check.h"

namespace ingot {

std::span<const EmbeddedFile> report_assets();

namespace {

std::string_view asset(std::string_view name) {
  const auto* file = find_embedded(report_assets(), name);
  INGOT_INVARIANT(file, "report asset ", name, " is embedded");
  return file->bytes;
}

std::string sha256_base64(std::string_view text) {
  const auto hex = sha256_hex(text);
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) bytes += char(std::stoi(hex.substr(i, 2), nullptr, 16));
  return base64(bytes);
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

// JSON inside <script>: without a `<` no end tag and no comment can begin.
std::string script_escaped(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) c == '<' ? out += "\\u003c" : out += c;
  return out;
}

std::string in_language(const Json& text, std::string_view lang) {
  if (!text.is_object()) return text.get<std::string>();
  const auto found = text.find(std::string(lang));
  return (found != text.end() ? *found : *text.begin()).get<std::string>();
}

}  // namespace

std::string render_report(const Json& document, std::string_view lang) {
  require("report", lang == "en" || lang == "zh", "language is '", lang, "', expected en or zh");
  throw_if_any("report", report::check(document));
  const auto script = asset("report.js"), style = asset("report.css");
  // The only script that may run is ours; style attributes are what charts are placed with, so styles stay open.
  static const std::string hash = sha256_base64(script);
  std::string page;
  page += "<!doctype html>\n<html lang=\"" + std::string(lang == "zh" ? "zh-Hans" : "en") + "\" data-lang=\"" +
          std::string(lang) + "\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-" + hash +
          "'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n";
  page += "<title>" + html_escaped(in_language(document.at("title"), lang)) + "</title>\n<style>";
  page += style;
  page +=
      "</style>\n</head>\n<body>\n<noscript>This page draws its content with a script that it carries; allow scripts "
      "to "
      "read it. 本页内容由随附脚本绘制，请允许脚本运行。</noscript>\n";
  page +=
      "<script id=\"document\" type=\"application/json\">" + script_escaped(to_text(document)) + "</script>\n<script>";
  page += script;
  page += "</script>\n</body>\n</html>\n";
  return page;
}

void write_report(const std::filesystem::path& path, const Json& document, std::string_view lang) {
  write_file_atomic(path, render_report(document, lang));
}

}  // namespace ingot

namespace ingot::report {

std::string_view to_string(Basis basis) {
  constexpr std::array<std::string_view, 4> kNames = {"measured", "predicted", "catalogued", "assumed"};
  return kNames[size_t(basis)];
}

Json both(std::string_view en, std::string_view zh) { return {{"en", en}, {"zh", zh}}; }

Json figure(double value, std::string_view format, Basis basis, const Json& source) {
  Json figure = {{"value", value}, {"format", format}, {"basis", to_string(basis)}};
  if (!source.is_null()) figure["source"] = source;
  return figure;
}

Json picture(const std::filesystem::path& file, const Json& title) {
  const auto extension = file.extension();
  require("report", extension == ".svg" || extension == ".png", file.string(), " is no picture, expected .svg or .png");
  constexpr uint64_t kLargest = 8u << 20;
  const auto bytes = std::filesystem::file_size(file);
  require("report", bytes <= kLargest, file.string(), " has ", bytes, " bytes, expected at most ", kLargest);
  const char* type = extension == ".svg" ? "svg+xml" : "png";
  return {{"type", "picture"},
          {"title", title},
          {"data", "data:image/" + std::string(type) + ";base64," + base64(read_file(file))}};
}

Json figure(double value, double low, double high, std::string_view format, Basis basis, const Json& source) {
  Json ranged = figure(value, format, basis, source);
  ranged["low"] = low;
  ranged["high"] = high;
  return ranged;
}

}  // namespace ingot::report
