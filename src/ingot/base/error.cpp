#include "ingot/base/error.h"

#include <algorithm>
#include <numeric>

namespace ingot {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
      return 2;
    case ErrorKind::NotFound:
      return 3;
    case ErrorKind::Io:
      return 4;
    case ErrorKind::Unsupported:
      return 5;
    case ErrorKind::Internal:
      return 70;
  }
  return 70;
}

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
      return 400;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::Unsupported:
      return 501;
    case ErrorKind::Io:
    case ErrorKind::Internal:
      return 500;
  }
  return 500;
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
      return "invalid_argument";
    case ErrorKind::NotFound:
      return "not_found";
    case ErrorKind::Io:
      return "io";
    case ErrorKind::Unsupported:
      return "unsupported";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorKind kind, std::string_view scope, std::string_view message)
    : std::runtime_error("[" + std::string(scope) + "] " + std::string(message)), kind_(kind) {}

void throw_if_any(std::string_view scope, const Problems& problems) {
  if (problems.empty()) return;
  std::string text = problems.front();
  for (size_t i = 1; i < problems.size(); ++i) text += "\n  " + problems[i];
  throw Error(ErrorKind::InvalidArgument, scope, text);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : names) {
    std::vector<size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= name.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t substitute = diagonal + (name[i - 1] != candidate[j - 1]);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
      }
    }
    if (row.back() < best_distance) best_distance = row.back(), best = candidate;
  }
  return best;
}

std::string suggest(std::string_view name, const std::vector<std::string>& names) {
  if (const auto near = nearest_name(name, names); !near.empty()) return "; did you mean '" + near + "'?";
  if (names.empty()) return "";
  std::string text = "; expected one of ";
  for (size_t i = 0; i < names.size(); ++i) text += (i ? ", " : "") + names[i];
  return text;
}

void detail::fail_invariant(const char* file, int line, const std::string& message) {
  throw Error(ErrorKind::Internal, "internal", message + " (" + file + ":" + std::to_string(line) + ")");
}

}  // namespace ingot
