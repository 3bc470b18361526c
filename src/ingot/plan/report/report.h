// One offline HTML page from a report document (docs/report.md): text, tables and charts in English and Chinese.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "ingot/base/json.h"

namespace ingot {

// {"title", "subtitle", "facts": [{"label", "value"}], "sections": [{"id", "title", "lead", "blocks": [...]}],
// "footer"}
// -> the page. Every text is a string or {"en": .., "zh": ..}; `lang` ("en" or "zh") is what the page opens in. The
// same document gives the same bytes. Throws InvalidArgument that lists every problem of the document.
std::string render_report(const Json& document, std::string_view lang = "en");

// As render_report, to a file that is whole or absent.
void write_report(const std::filesystem::path& path, const Json& document, std::string_view lang = "en");

}  // namespace ingot

// What a document is made of.
namespace ingot::report {

// Where a figure comes from; shown in colour and shape, with its source.
enum class Basis { Measured, Predicted, Catalogued, Assumed };
std::string_view to_string(Basis basis);

Json both(std::string_view en, std::string_view zh);

// `format`: number int compact percent ratio bytes duration fixed0..fixed4, or a currency in lower case ("usd", "cny"),
// alone or as "usd_compact"; currencies are in major units, durations in seconds, percent as a fraction.
Json figure(double value, std::string_view format, Basis basis, const Json& source = nullptr);
// The same with the ends of an interval.
Json figure(double value, double low, double high, std::string_view format, Basis basis, const Json& source = nullptr);

// A block that carries the SVG or PNG file. Throws InvalidArgument for other files, and those over 8 MiB.
Json picture(const std::filesystem::path& file, const Json& title);

}  // namespace ingot::report
