#include "ingot/tasks/ngram.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "ingot/base/error.h"
#include "ingot/base/lines.h"
#include "ingot/tasks/word_errors.h"

namespace ingot {

NgramModel::NgramModel(const fs::path& path) {
  const auto text = read_file(path);
  LineReader lines(text);
  int64_t section = 0;  // n of the n-grams that are being read
  bool header = false, end = false;
  for (std::string_view line; lines.next(line);) {
    const auto cells = words_of(line);
    if (cells.empty()) continue;
    const auto place = path.string() + ":" + std::to_string(lines.number());
    if (cells[0] == "\\data\\") {
      header = true;
    } else if (cells[0] == "\\end\\") {
      end = true;
      break;
    } else if (cells[0].starts_with('\\')) {  // \2-grams:
      section = std::atoi(cells[0].c_str() + 1);
      require("lm", section == order_ + 1 && cells[0].ends_with("-grams:"), place, ": got '", cells[0],
              "', expected \\", order_ + 1, "-grams:");
      order_ = section;
    } else if (section > 0) {
      const auto n = size_t(section);
      require("lm", cells.size() == n + 1 || cells.size() == n + 2, place, " has ", cells.size(),
              " cells, expected log p, ", n, " words and at most a back-off weight");
      const auto number = [&](const std::string& cell) {
        float value = 0;
        const auto [last, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
        require("lm", error == std::errc() && last == cell.data() + cell.size() && std::isfinite(value), place, ": '",
                cell, "' is no number, expected a base-10 logarithm");
        return value;
      };
      std::string words = cells[1];
      for (size_t i = 2; i <= n; ++i) words += ' ' + cells[i];
      entries_[words] = {number(cells[0]), cells.size() == n + 2 ? number(cells.back()) : 0};
    }
  }
  require("lm", header && end && order_ > 0, path.string(),
          " is no ARPA model: expected \\data\\, \\1-grams: and \\end\\; is it cut?");
}

double NgramModel::log_p(const std::vector<std::string>& history, const std::string& word) const {
  const auto known = entries_.contains(word) ? word : std::string("<unk>");
  double back_off = 0;
  for (size_t n = std::min(history.size(), size_t(order_ - 1));; --n) {
    std::string context;
    for (size_t i = history.size() - n; i < history.size(); ++i) context += (context.empty() ? "" : " ") + history[i];
    const auto found = entries_.find(context.empty() ? known : context + ' ' + known);
    if (found != entries_.end()) return (back_off + found->second.log_p) * std::log(10.0);
    if (n == 0) return (back_off - 10) * std::log(10.0);
    if (const auto shorter = entries_.find(context); shorter != entries_.end()) back_off += shorter->second.back_off;
  }
}

}  // namespace ingot
