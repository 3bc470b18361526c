#include "ingot/base/json.h"

#include <set>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {
constexpr int kMaxDepth = 128;
}

Json parse_json(std::string_view text, std::string_view origin) {
  std::vector<std::set<std::string>> keys;  // one set for each open object
  const auto guard = [&](int depth, Json::parse_event_t event, Json& value) {
    require("json", depth <= kMaxDepth, origin, " is nested deeper than ", kMaxDepth, " levels");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      require("json", keys.back().insert(key).second, origin, ": key '", key, "' is given twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), guard);
  } catch (const nlohmann::json::exception& e) {
    std::string why = e.what();
    if (const auto at = why.find("] "); at != std::string::npos) why = why.substr(at + 2);
    fail(ErrorKind::InvalidArgument, "json", origin, " is not valid JSON: ", why);
  }
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

void write_json(const std::filesystem::path& path, const Json& value) {
  write_file_atomic(path, to_text(value, 2) + "\n");
}

std::string to_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ingot
