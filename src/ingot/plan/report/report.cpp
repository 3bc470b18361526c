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

std::string base64_of_hex(const std::string& hex) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 6) {  // 6 hex digits = 3 bytes = 4 base64 digits
    auto part = hex.substr(i, 6);
    const size_t num_bytes = part.size() / 2;
    part.resize(6, '0');
    const auto bits = std::stoul(part, nullptr, 16);
    for (size_t k = 0; k < 4; ++k) out += k <= num_bytes ? kDigits[(bits >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
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
  static const std::string hash = base64_of_hex(sha256_hex(script));
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

Json figure(double value, double low, double high, std::string_view format, Basis basis, const Json& source) {
  Json ranged = figure(value, format, basis, source);
  ranged["low"] = low;
  ranged["high"] = high;
  return ranged;
}

}  // namespace ingot::report
