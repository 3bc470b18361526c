// One HTTP request to the server that the demo has just started, as any client would send it.
#pragma once

#include <string>

namespace ingot::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;
  double seconds = 0;  // to the last byte
  double first_byte_seconds = 0;
};

// POST of JSON when `body` is not empty, else GET. Throws Io when nobody answers.
HttpAnswer ask(const std::string& url, const std::string& body = "");

}  // namespace ingot::cli
