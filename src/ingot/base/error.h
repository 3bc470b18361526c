// One exception class for the whole program, caught in two places only: main() and the server's handler wrapper.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

enum class ErrorKind { InvalidArgument, NotFound, Io, Unsupported, Internal };

int exit_code(ErrorKind kind);          // 2 3 4 5 70
int http_status(ErrorKind kind);        // 400 404 500 501 500
std::string_view to_string(ErrorKind);  // "invalid_argument", ...

// Text: "[scope] <what> is <got>, expected <rule>; <what to do>", lower case, no full stop.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string_view scope, std::string_view message);
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// What validation found: every problem, not the first.
using Problems = std::vector<std::string>;

// Throws one InvalidArgument that lists all problems; does nothing when there is none.
void throw_if_any(std::string_view scope, const Problems& problems);

// The member of `names` nearest to `name` by edit distance, or "" when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

// "; did you mean 'x'?" or "; expected one of a, b, c".
std::string suggest(std::string_view name, const std::vector<std::string>& names);

namespace detail {
template <typename... Parts>
std::string join_parts(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}
[[noreturn]] void fail_invariant(const char* file, int line, const std::string& message);
}  // namespace detail

template <typename... Parts>
[[noreturn]] void fail(ErrorKind kind, std::string_view scope, const Parts&... parts) {
  throw Error(kind, scope, detail::join_parts(parts...));
}

// The caller's fault: require("gpt", T <= block_size, "T is ", T, ", expected <= block_size ", block_size).
template <typename... Parts>
void require(std::string_view scope, bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail(ErrorKind::InvalidArgument, scope, parts...);
}

}  // namespace ingot

// Our fault: adds file and line.
#define INGOT_INVARIANT(condition, ...)                                                              \
  do {                                                                                               \
    if (!(condition)) [[unlikely]]                                                                   \
      ::ingot::detail::fail_invariant(__FILE__, __LINE__, ::ingot::detail::join_parts(__VA_ARGS__)); \
  } while (false)
