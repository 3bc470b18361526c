// The policy layer in front of Beast: request smuggling lives in what two parsers read differently.
#include <algorithm>
#include <cctype>

#include "ingot/base/ascii.h"
#include "ingot/server/http.h"

namespace ingot {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string framing_fault(std::string_view raw) {
  const auto line_end = raw.find("\r\n");
  if (line_end == std::string_view::npos) return "the request line does not end in CRLF";
  const auto request_line = raw.substr(0, line_end);
  const bool http10 = request_line.ends_with(" HTTP/1.0");
  if (!http10 && !request_line.ends_with(" HTTP/1.1")) return "the version is not HTTP/1.0 or HTTP/1.1";
  int hosts = 0, lengths = 0, encodings = 0;
  for (size_t at = line_end + 2; at < raw.size();) {
    const auto end = raw.find("\r\n", at);
    if (end == std::string_view::npos) return "a header line does not end in CRLF";
    const auto line = raw.substr(at, end - at);
    at = end + 2;
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') return "a header line is folded (obs-fold)";
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return "a header line holds a control character";
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return "a header line has no name";
    const auto name = ascii_lower(line.substr(0, colon));
    const auto value = trimmed(line.substr(colon + 1));
    if (name.find_first_of(" \t") != std::string::npos) return "there is white space before the colon of a header line";
    if (name == "host") {
      ++hosts;
      if (value.empty()) return "Host is empty";
    } else if (name == "content-length") {
      ++lengths;
      if (value.empty() || !std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); }))
        return "Content-Length is not a number";
    } else if (name == "transfer-encoding") {
      ++encodings;
      if (http10) return "HTTP/1.0 knows no Transfer-Encoding";
      if (ascii_lower(value) != "chunked") return "Transfer-Encoding is not exactly 'chunked'";
    }
  }
  if (hosts > 1) return "Host is given twice";
  if (hosts == 0 && !http10) return "Host is missing";
  if (lengths > 1) return "Content-Length is given twice";
  if (encodings > 1) return "Transfer-Encoding is given twice";
  if (lengths && encodings) return "Content-Length and Transfer-Encoding are both given";
  return "";
}

}  // namespace ingot
