#include "ingot/server/completion_request.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "ingot/base/error.h"

namespace ingot {
namespace {

[[noreturn]] void wrong(const std::string& name, const Json& value, const std::string& expected) {
  std::string got = to_text(value);
  if (got.size() > 60) got = got.substr(0, 60) + "...";
  throw ApiError{400, name + ": got " + got + ", expected " + expected, name, ""};
}

double number_in(const std::string& name, const Json& value, double low, double high) {
  if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
    wrong(name, value, detail::join_parts("a number from ", low, " to ", high));
  return value.get<double>();
}

int64_t whole_in(const std::string& name, const Json& value, int64_t low, int64_t high) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(high)) ||
      value.get<int64_t>() < low || value.get<int64_t>() > high)
    wrong(name, value, detail::join_parts("a whole number from ", low, " to ", high));
  return value.get<int64_t>();
}

bool boolean(const std::string& name, const Json& value) {
  if (!value.is_boolean()) wrong(name, value, "true or false");
  return value.get<bool>();
}

// Members that other servers take and this one has only in their neutral value.
void only(const std::string& name, const Json& value, const Json& neutral) {
  if (value != neutral) wrong(name, value, to_text(neutral) + " (nothing else is supported)");
}

void read_prompt(const Json& value, CompletionRequest& request) {
  const std::string expected = "a string or a list of token ids; one prompt a request";
  if (value.is_string()) {
    request.generate.prompt = value.get<std::string>();
    return;
  }
  if (!value.is_array() || value.empty()) wrong("prompt", value, expected);
  if (value.size() == 1 && !value[0].is_number()) return read_prompt(value[0], request);
  for (const auto& id : value) {
    if (!id.is_number_integer()) wrong("prompt", value, expected);
    request.generate.prompt_ids.push_back(int32_t(whole_in("prompt", id, 0, std::numeric_limits<int32_t>::max())));
  }
}

void read_stop(const Json& value, CompletionRequest& request) {
  const Json list = value.is_string() ? Json::array({value}) : value;
  if (!list.is_array() || list.size() > 4) wrong("stop", value, "a string or up to 4 strings");
  for (const auto& stop : list) {
    if (!stop.is_string() || stop.get_ref<const std::string&>().empty())
      wrong("stop", value, "strings that are not empty");
    request.generate.stop.push_back(stop);
  }
}

using Reader = std::function<void(const std::string& name, const Json& value, CompletionRequest& request)>;
const std::vector<std::pair<std::string, Reader>>& readers() {
  static const std::vector<std::pair<std::string, Reader>> list = {
      {"model",
       [](auto& n, auto& v, auto& r) { v.is_string() ? void(r.model = v) : wrong(n, v, "the name of a model"); }},
      {"prompt", [](auto&, auto& v, auto& r) { read_prompt(v, r); }},
      {"max_tokens", [](auto& n, auto& v, auto& r) { r.generate.max_tokens = whole_in(n, v, 0, 1 << 30); }},
      {"temperature", [](auto& n, auto& v, auto& r) { r.generate.sampling.temperature = number_in(n, v, 0, 2); }},
      {"top_p",
       [](auto& n, auto& v, auto& r) {
         r.generate.sampling.top_p = number_in(n, v, 0, 1);
         if (r.generate.sampling.top_p == 0) wrong(n, v, "a number over 0, up to 1");
       }},
      {"top_k", [](auto& n, auto& v, auto& r) { r.generate.sampling.top_k = whole_in(n, v, 0, 1 << 30); }},
      {"min_p", [](auto& n, auto& v, auto& r) { r.generate.sampling.min_p = number_in(n, v, 0, 1); }},
      {"repetition_penalty",
       [](auto& n, auto& v, auto& r) { r.generate.sampling.repetition_penalty = number_in(n, v, 0.01, 100); }},
      {"seed",
       [](auto& n, auto& v, auto& r) {
         r.has_seed = true;
         r.generate.sampling.seed =
             whole_in(n, v, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
       }},
      {"stop", [](auto&, auto& v, auto& r) { read_stop(v, r); }},
      {"stream", [](auto& n, auto& v, auto& r) { r.stream = boolean(n, v); }},
      {"stream_options",
       [](auto& n, auto& v, auto& r) {
         if (!v.is_object()) wrong(n, v, "an object");
         for (const auto& [key, member] : v.items()) {
           if (key == "include_usage")
             r.include_usage = boolean(n + ".include_usage", member);
           else if (key != "include_obfuscation")
             wrong(n, v, "include_usage and nothing else");
         }
       }},
      {"echo", [](auto& n, auto& v, auto&) { only(n, v, false); }},
      {"logprobs", [](auto& n, auto& v, auto& r) { r.generate.logprobs = whole_in(n, v, 0, 20); }},
      {"n", [](auto& n, auto& v, auto&) { only(n, v, 1); }},
      {"best_of", [](auto& n, auto& v, auto&) { only(n, v, 1); }},
      {"frequency_penalty", [](auto& n, auto& v, auto&) { only(n, v, 0); }},
      {"presence_penalty", [](auto& n, auto& v, auto&) { only(n, v, 0); }},
      {"logit_bias", [](auto& n, auto& v, auto&) { only(n, v, Json::object()); }},
      {"suffix", [](auto& n, auto& v, auto&) { only(n, v, nullptr); }},
      {"user", [](auto& n, auto& v, auto&) { v.is_string() ? void() : wrong(n, v, "a string"); }},
  };
  return list;
}

}  // namespace

Json error_body(const ApiError& error) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  const char* type = error.status == 429   ? "rate_limit_error"
                     : error.status >= 500 ? "server_error"
                                           : "invalid_request_error";
  return {
      {"error",
       {{"message", error.message}, {"type", type}, {"param", or_null(error.param)}, {"code", or_null(error.code)}}}};
}

HttpResponse to_response(const ApiError& error) {
  return {error.status, to_text(error_body(error)) + "\n", "application/json", error.headers};
}

CompletionRequest parse_completion_request(const Json& body) {
  if (!body.is_object())
    throw ApiError{400, "the body is " + std::string(body.type_name()) + ", expected a JSON object", "", ""};
  CompletionRequest request;
  request.generate.max_tokens = 16;  // the API's own default
  for (const auto& [name, value] : body.items()) {
    const auto found = std::find_if(readers().begin(), readers().end(),
                                    [&, key = name](const auto& reader) { return reader.first == key; });
    if (found == readers().end()) {
      std::vector<std::string> names;
      for (const auto& reader : readers()) names.push_back(reader.first);
      throw ApiError{400, "unknown member '" + name + "'" + suggest(name, names), name, ""};
    }
    if (!value.is_null()) found->second(name, value, request);  // null is the default, as the clients write it
  }
  if (request.model.empty())
    throw ApiError{400, "model: missing, expected the name of a model; GET /v1/models lists them", "model", ""};
  if (!body.contains("prompt"))
    throw ApiError{400, "prompt: missing, expected a string or a list of token ids", "prompt", ""};
  return request;
}

}  // namespace ingot
