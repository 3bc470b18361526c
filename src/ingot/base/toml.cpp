#include "ingot/base/toml.h"

#include <cmath>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {

Json convert(const toml::node& node, const std::string& path, Document& document) {
  if (const auto* table = node.as_table()) {
    Json object = Json::object();
    // toml++ sorts keys; restore the order of the file, so that what is written back reads like what was written.
    std::vector<std::pair<toml::source_position, std::string>> order;
    for (const auto& [key, value] : *table) order.emplace_back(key.source().begin, std::string(key.str()));
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [position, key] : order) {
      const std::string child = path.empty() ? key : path + "." + key;
      document.where[child] = fmt::format("{}:{}:{}", document.origin, position.line, position.column);
      object[key] = convert(*table->get(key), child, document);
    }
    return object;
  }
  if (const auto* array = node.as_array()) {
    Json list = Json::array();
    for (size_t i = 0; i < array->size(); ++i)
      list.push_back(convert(*array->get(i), path + "[" + std::to_string(i) + "]", document));
    return list;
  }
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_boolean()) return value->get();
  std::ostringstream text;  // date, time, date-time
  if (const auto* value = node.as_date()) text << value->get();
  if (const auto* value = node.as_time()) text << value->get();
  if (const auto* value = node.as_date_time()) text << value->get();
  return text.str();
}

bool bare(const std::string& key) {
  return !key.empty() &&
         std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += char(c);
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (c < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04x}", int(c));
    else
      out += char(c);
  }
  return out + "\"";
}

std::string key_text(const std::string& key) { return bare(key) ? key : quote(key); }

std::string value_text(const Json& value) {
  if (value.is_string()) return quote(value.get<std::string>());
  if (value.is_number_float()) {
    const double x = value.get<double>();
    if (std::isnan(x)) return "nan";
    if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
    auto text = fmt::format("{}", x);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }
  std::string out;
  if (value.is_array()) {
    for (const auto& item : value) out += (out.empty() ? "" : ", ") + value_text(item);
    return "[" + out + "]";
  }
  if (value.is_object()) {
    for (const auto& [key, item] : value.items())
      if (!item.is_null()) out += (out.empty() ? "" : ", ") + key_text(key) + " = " + value_text(item);
    return "{" + out + "}";
  }
  return value.dump();
}

bool is_table_array(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_object(); });
}

void write_table(const Json& table, const std::string& path, std::string& out) {
  for (const auto& [key, value] : table.items())
    if (!value.is_null() && !value.is_object() && !is_table_array(value))
      out += key_text(key) + " = " + value_text(value) + "\n";
  for (const auto& [key, value] : table.items()) {
    const std::string child = path.empty() ? key_text(key) : path + "." + key_text(key);
    if (value.is_object()) {
      out += (out.empty() ? "[" : "\n[") + child + "]\n";
      write_table(value, child, out);
    } else if (is_table_array(value)) {
      for (const auto& item : value) {
        out += (out.empty() ? "[[" : "\n[[") + child + "]]\n";
        write_table(item, child, out);
      }
    }
  }
}

}  // namespace

std::string Document::at(const std::string& key) const {
  const auto found = where.find(key);
  return found == where.end() ? key : found->second + ": " + key;
}

void Document::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  require("recipe", equals != std::string_view::npos && equals > 0, "--set is '", assignment,
          "', expected key=value, as in --set train.steps=500");
  const std::string path(assignment.substr(0, equals));
  const std::string value(assignment.substr(equals + 1));
  Json parsed;
  try {
    parsed = parse_toml("value = " + value, "--set").root["value"];
  } catch (const Error&) {
    parsed = value;  // a bare word
  }
  Json* node = &root;
  size_t begin = 0;
  for (size_t dot = path.find('.'); dot != std::string::npos; begin = dot + 1, dot = path.find('.', begin)) {
    node = &(*node)[path.substr(begin, dot - begin)];
    require("recipe", node->is_null() || node->is_object(), "--set ", path, ": '", path.substr(0, dot),
            "' is a value, expected a table");
  }
  (*node)[path.substr(begin)] = parsed;
  where[path] = "--set";
}

Document parse_toml(std::string_view text, std::string_view origin) {
  Document document;
  document.origin = origin;
  try {
    const toml::table table = toml::parse(text, origin);
    document.root = convert(table, "", document);
  } catch (const toml::parse_error& e) {
    fail(ErrorKind::InvalidArgument, "toml", origin, ":", e.source().begin.line, ":", e.source().begin.column, ": ",
         e.description());
  }
  return document;
}

Document read_toml(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  Document document = parse_toml(read_file(path), path.string());
  for (const auto& assignment : overrides) document.set(assignment);
  return document;
}

std::string to_toml(const Json& value) {
  std::string out;
  write_table(value, "", out);
  return out;
}

}  // namespace ingot
