#include "ingot/plan/report/report.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {

Json page(Json blocks) { return {{"title", "T"}, {"sections", {{{"title", "S"}, {"blocks", std::move(blocks)}}}}}; }

std::string error_of(const Json& document) {
  try {
    render_report(document);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Report, IsOneOfflineFile) {
  const auto html = render_report(page({{{"type", "text"}, {"text", report::both("hello", "你好")}}}), "zh");
  EXPECT_NE(html.find("data-lang=\"zh\""), std::string::npos);
  EXPECT_NE(html.find("你好"), std::string::npos);
  EXPECT_NE(html.find("default-src 'none'; script-src 'sha256-"), std::string::npos);
  for (const char* outside : {"src=\"", "<link rel=\"stylesheet\"", "@import", "url(http"})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
}

TEST(Report, IsTheSameBytesForTheSameDocument) {
  const auto document = page({{{"type", "text"}, {"text", "x"}}});
  EXPECT_EQ(render_report(document), render_report(document));
}

TEST(Report, NoTextCanLeaveItsScriptElement) {
  const auto html = render_report(page({{{"type", "text"}, {"text", "</script><script>alert(1)</script><!--"}}}));
  EXPECT_EQ(html.find("alert(1)</script>"), std::string::npos);
  EXPECT_NE(html.find("\\u003c/script>"), std::string::npos);
  const auto titled = render_report({{"title", "</title><b>"}, {"sections", Json::array()}});
  EXPECT_NE(titled.find("<title>&lt;/title>"), std::string::npos);
}

TEST(Report, NotANumberIsNeverWritten) {
  const auto html = render_report(page({{{"type", "kpis"}, {"items", {{{"label", "x"}, {"value", std::nan("")}}}}}}));
  EXPECT_NE(html.find("\"value\":null"), std::string::npos);
}

TEST(Report, ListsEveryProblemWithItsPlace) {
  const auto error = error_of(
      page({{{"type", "tabel"}},
            {{"type", "chart"}, {"kind", "line"}, {"title", "c"}},
            {{"type", "chart"},
             {"kind", "bar"},
             {"title", "c"},
             {"categories", {"a", "b"}},
             {"series", {{{"name", "s"}, {"data", {1}}}}}},
            {{"type", "table"}, {"columns", {{{"title", "a"}}}}, {"rows", {{1, 2}}}},
            {{"type", "kpis"}, {"items", {{{"label", "x"}, {"value", {{"value", 1}, {"basis", "guess"}}}}}}}}));
  for (const char* part :
       {"sections[0].blocks[0].type: got 'tabel'; did you mean 'table'?", "blocks[1].series: missing",
        "blocks[2].series[0].data: got 1 values, expected one for each of the 2 categories",
        "blocks[3].rows[0]: got 2 cells, expected 1", "blocks[4].items[0].value.basis: got 'guess'"})
    EXPECT_NE(error.find(part), std::string::npos) << part << "\nin " << error;
}

TEST(Report, RefusesALanguageItCannotSpeak) { EXPECT_THROW(render_report(page(Json::array()), "fr"), Error); }

TEST(Report, FigureCarriesItsBasisAndInterval) {
  const auto figure = report::figure(2.0, 1.0, 3.0, "usd", report::Basis::Predicted, "fit");
  EXPECT_EQ(figure["basis"], "predicted");
  EXPECT_EQ(figure["low"], 1.0);
  EXPECT_EQ(figure["source"], "fit");
}

// The page's own hash in its policy is what lets its script run: check it against an independent computation.
TEST(Report, PolicyNamesTheHashOfTheScript) {
  const auto html = render_report(page(Json::array()));
  const auto begin = html.rfind("<script>") + 8, end = html.rfind("</script>");
  const auto hex = sha256_hex(html.substr(begin, end - begin));
  const auto at = html.find("'sha256-") + 8;
  const auto base64 = html.substr(at, html.find('\'', at) - at);
  ASSERT_EQ(base64.size(), 44u);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const char c : base64)
    if (c != '=')
      for (int b = 5; b >= 0; --b) bits += char('0' + ((kDigits.find(c) >> b) & 1));
  std::string decoded;
  for (size_t i = 0; i + 4 <= 256; i += 4) decoded += "0123456789abcdef"[std::stoi(bits.substr(i, 4), nullptr, 2)];
  EXPECT_EQ(decoded, hex);
}

}  // namespace
}  // namespace ingot
