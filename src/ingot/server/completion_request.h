// The body of POST /v1/completions as a typed struct, and the errors that the API answers with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/server/http.h"
#include "ingot/server/model.h"

namespace ingot {

// An answer that is not 2xx, in OpenAI's form: {"error": {"message", "type", "param", "code"}}.
struct ApiError {
  int status = 400;
  std::string message;
  std::string param;  // the member at fault; empty: null
  std::string code;   // empty: null
  std::vector<std::pair<std::string, std::string>> headers;
};
Json error_body(const ApiError& error);
HttpResponse to_response(const ApiError& error);

struct CompletionRequest {
  std::string model;
  GenerateRequest generate;
  bool has_seed = false, stream = false, include_usage = false;
};

// Throws ApiError naming the member; unknown members are refused, so that a misspelt one is not silently ignored.
CompletionRequest parse_completion_request(const Json& body);

}  // namespace ingot
