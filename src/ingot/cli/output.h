// The flags with which a planning command prints its view: table, JSON, CSV, or a page.
#pragma once

#include <string>

#include "ingot/base/json.h"
#include "ingot/plan/report/view.h"

namespace CLI {
class App;
}

namespace ingot::cli {

struct OutputFlags {
  bool json = false, csv = false;
  std::string html, lang = "en";

  void add_to(CLI::App& command);
  // Prints the view as the flags say; --html also writes the page and prints its path on stderr. `title` is a string or
  // {"en", "zh"}.
  void print(const report::View& view, const Json& title) const;
};

}  // namespace ingot::cli
