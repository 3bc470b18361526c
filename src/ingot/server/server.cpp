#include "ingot/server/server.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <random>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/log.h"
#include "ingot/server/completion_request.h"
#include "ingot/server/engine_thread.h"

namespace ingot {
namespace {

// One request for a completion on its way through the queue and the model.
struct Completion {
  CompletionRequest request;
  std::shared_ptr<Responder> responder;
  std::string request_id, id;
  int64_t prompt_tokens = 0;
  int64_t created = 0;
  double received_s = 0;
};

// The `logprobs` member of a choice. Offsets count bytes of the answer.
Json logprobs_of(const GenerateResult& result, bool with_top) {
  Json tokens = Json::array(), logprobs = Json::array(), tops = Json::array(), offsets = Json::array();
  size_t offset = 0;
  for (const auto& token : result.logprobs) {
    tokens.push_back(token.token);
    logprobs.push_back(std::max(token.logprob, -9999.0));
    offsets.push_back(offset);
    offset += token.token.size();
    Json top = Json::object();
    for (const auto& [text, logprob] : token.top) top[text] = std::max(logprob, -9999.0);
    tops.push_back(top);
  }
  return {{"tokens", tokens},
          {"token_logprobs", logprobs},
          {"top_logprobs", with_top ? tops : Json()},
          {"text_offset", offsets}};
}

Json choice(std::string_view text, const Json& logprobs, const Json& finish_reason) {
  return {{"index", 0}, {"text", text}, {"logprobs", logprobs}, {"finish_reason", finish_reason}};
}

Json envelope(const Completion& c, const std::string& model) {
  return {{"id", c.id},
          {"object", "text_completion"},
          {"created", c.created},
          {"model", model},
          {"choices", Json::array()}};
}

std::string event(const Json& data) { return "data: " + to_text(data) + "\n\n"; }

Json usage_of(int64_t prompt, int64_t completion) {
  return {{"prompt_tokens", prompt}, {"completion_tokens", completion}, {"total_tokens", prompt + completion}};
}

std::string milliseconds(double seconds) { return std::to_string(std::llround(seconds * 1000)); }

}  // namespace

Problems ServerConfig::validate() const {
  Problems problems;
  if (queue < 1) problems.push_back(detail::join_parts("queue: got ", queue, ", expected >= 1"));
  if (!(request_seconds > 0))
    problems.push_back(detail::join_parts("request_seconds: got ", request_seconds, ", expected > 0"));
  return problems;
}

struct Server::State {
  State(const ServerConfig& config, std::function<std::unique_ptr<TextModel>()> load)
      : config(config),
        http(
            config.http,
            [this](HttpRequest request, std::shared_ptr<Responder> responder) {
              handle(std::move(request), std::move(responder));
            },
            [](int status, const std::string& message) {
              return to_response({status, message, "", ""});
            }),
        seed(std::random_device{}()),
        engine(size_t(config.queue), [this, load = std::move(load)] { start(load); }) {}

  const ServerConfig config;
  std::unique_ptr<TextModel> model;  // set by the engine thread before `ready`
  std::atomic<bool> ready{false};
  std::atomic<bool> stopping{false};  // the server is going: running work is cut
  std::exception_ptr failure;         // of loading; read after run()
  mutable std::mutex mutex;
  ServerTotals totals;
  int64_t num_completions = 0;
  std::atomic<double> seconds_per_request{1};  // moving average, for Retry-After
  HttpServer http;
  uint64_t seed;
  EngineThread engine;  // last: its thread uses all of the above

  void start(const std::function<std::unique_ptr<TextModel>()>& load) {
    try {
      model = load();
      ready = true;
    } catch (...) {
      failure = std::current_exception();
      http.drain();
    }
  }

  // 1. Routes
  void handle(HttpRequest request, std::shared_ptr<Responder> responder) {
    try {
      route(request, responder);
    } catch (const ApiError& error) {
      responder->respond(to_response(error));
    } catch (const Error& error) {
      responder->respond(to_response({http_status(error.kind()), error.what(), "", ""}));
    } catch (const std::exception& error) {
      log_warning(request.id + ": " + error.what());
      responder->respond(to_response({500, "internal error; the server's log names it under " + request.id, "", ""}));
    }
  }

  void route(HttpRequest& request, const std::shared_ptr<Responder>& responder) {
    const auto& path = request.path;
    const bool known =
        path == "/healthz" || path == "/v1/models" || path == "/v1/completions" || path.starts_with("/v1/models/");
    if (!known)
      throw ApiError{404, "no route " + path + "; there are /v1/completions, /v1/models and /healthz", "", "not_found"};
    const std::string method = path == "/v1/completions" ? "POST" : "GET";
    if (request.method != method)
      throw ApiError{
          405, request.method + " " + path + ": expected " + method, "", "method_not_allowed", {{"Allow", method}}};
    if (path == "/healthz") return health(*responder);
    if (!ready) throw ApiError{503, "the model is still loading", "", "service_unavailable", {{"Retry-After", "1"}}};
    if (path == "/v1/completions") return completions(request, responder);
    if (path != "/v1/models") check_model(path.substr(11), "model");
    const Json entry = {{"id", model->name()},
                        {"object", "model"},
                        {"created", int64_t(unix_time_s())},
                        {"owned_by", "ingot"},
                        {"context_length", model->context_length()}};
    const Json list = {{"object", "list"}, {"data", {entry}}};
    responder->respond({200, to_text(path == "/v1/models" ? list : entry) + "\n", "application/json", {}});
  }

  // Answering at all is being alive; 200 means ready for work.
  void health(Responder& responder) {
    const bool ok = ready && !http.draining();
    const auto now = snapshot();
    const Json body = {{"status", http.draining() ? "draining"
                                  : ready         ? "ready"
                                                  : "loading"},
                       {"waiting", engine.waiting()},
                       {"connections", http.connections()},
                       {"requests", now.requests},
                       {"prompt_tokens", now.prompt_tokens},
                       {"completion_tokens", now.completion_tokens}};
    responder.respond({ok ? 200 : 503, to_text(body) + "\n", "application/json", {}});
  }

  void check_model(const std::string& name, const std::string& param) const {
    if (name != model->name())
      throw ApiError{404, "model '" + name + "' does not exist; this server has '" + model->name() + "'", param,
                     "model_not_found"};
  }

  // 2. From the body to the queue
  void completions(HttpRequest& http_request, const std::shared_ptr<Responder>& responder) {
    const auto type = http_request.headers["content-type"];
    if (!type.starts_with("application/json"))
      throw ApiError{415, "Content-Type is '" + type + "', expected application/json", "", ""};
    auto c = std::make_shared<Completion>();
    try {
      c->request = parse_completion_request(parse_json(http_request.body, "the request body"));
    } catch (const Error& error) {
      throw ApiError{400, error.what(), "", ""};
    }
    auto& request = c->request;
    check_model(request.model, "model");
    c->prompt_tokens = request.generate.prompt_ids.empty() ? model->count_tokens(request.generate.prompt)
                                                           : int64_t(request.generate.prompt_ids.size());
    if (const auto total = c->prompt_tokens + request.generate.max_tokens; total > model->context_length())
      throw ApiError{400,
                     detail::join_parts("the model's context is ", model->context_length(), " tokens, but ",
                                        c->prompt_tokens, " of the prompt and max_tokens ", request.generate.max_tokens,
                                        " are ", total, "; shorten one of them"),
                     "max_tokens", "context_length_exceeded"};
    c->responder = responder;
    c->request_id = http_request.id;
    c->created = int64_t(unix_time_s());
    c->received_s = now_s();
    {
      std::lock_guard lock(mutex);
      c->id = "cmpl-" + std::to_string(seed % 1000000) + "-" + std::to_string(++num_completions);
      if (!request.has_seed) request.generate.sampling.seed = int64_t((seed >> 1) + uint64_t(num_completions));
    }
    if (!engine.push({[this, c] { work(*c); }, [this, c] { return abandoned(*c); }})) {
      {
        std::lock_guard lock(mutex);
        ++totals.rejected;
      }
      const auto wait = std::to_string(std::max(1L, std::lround(double(engine.waiting()) * seconds_per_request)));
      throw ApiError{429,
                     "the queue of " + std::to_string(config.queue) + " requests is full; try again in " + wait + " s",
                     "",
                     "rate_limit_exceeded",
                     {{"Retry-After", wait}}};
    }
  }

  // Whoever asked has hung up while it waited.
  bool abandoned(const Completion& c) {
    if (!c.responder->gone()) return false;
    GenerateResult none;
    none.finish_reason = "cancelled";
    account(c, none, 0);
    return true;
  }

  // 3. On the engine thread
  void work(Completion& c) {
    const auto& request = c.request;
    const double began = now_s();
    GenerateResult result;
    try {
      if (request.stream)
        c.responder->begin({200, "", "text/event-stream; charset=utf-8", {{"X-Accel-Buffering", "no"}}});
      const auto send = [&](std::string_view piece, const Json& logprobs, const Json& finish) {
        Json chunk = envelope(c, model->name());
        chunk["choices"].push_back(choice(piece, logprobs, finish));
        if (request.include_usage) chunk["usage"] = nullptr;
        c.responder->write(event(chunk));
      };
      bool timed_out = false;
      result = model->generate(request.generate, [&](std::string_view piece) {
        if (request.stream) send(piece, nullptr, nullptr);
        timed_out = now_s() - began > config.request_seconds;
        return !c.responder->gone() && !timed_out && !stopping;
      });
      if (result.finish_reason != "cancelled") {
        finish(c, result, send, began);
      } else if (timed_out) {
        throw ApiError{
            503,
            detail::join_parts("the request took longer than ", config.request_seconds, " s; ask for fewer tokens"), "",
            "timeout"};
      } else if (stopping) {
        throw ApiError{503, "the server is stopping", "", "service_unavailable"};
      }
    } catch (const ApiError& error) {
      refuse(c, error);
      result.finish_reason = "error";
    } catch (const Error& error) {
      refuse(c, {http_status(error.kind()), error.what(), "", ""});
      result.finish_reason = "error";
    } catch (const std::exception& error) {
      log_warning(c.request_id + ": " + error.what());
      refuse(c, {500, "internal error; the server's log names it under " + c.request_id, "", ""});
      result.finish_reason = "error";
    }
    account(c, result, now_s() - began);
  }

  template <typename Send>
  void finish(Completion& c, const GenerateResult& result, const Send& send, double began) {
    const auto& request = c.request;
    const auto usage = usage_of(result.prompt_tokens, result.completion_tokens);
    const Json logprobs = request.generate.logprobs < 0 ? Json() : logprobs_of(result, request.generate.logprobs > 0);
    if (request.stream) {
      send("", logprobs, result.finish_reason);
      if (request.include_usage) {
        Json last = envelope(c, model->name());
        last["usage"] = usage;
        c.responder->write(event(last));
      }
      c.responder->write("data: [DONE]\n\n");
      c.responder->finish();
      return;
    }
    Json body = envelope(c, model->name());
    body["choices"].push_back(choice(result.text, logprobs, result.finish_reason));
    body["usage"] = usage;
    c.responder->respond({200,
                          to_text(body) + "\n",
                          "application/json",
                          {{"OpenAI-Processing-Ms", milliseconds(now_s() - c.received_s)},
                           {"X-Ingot-Model-Ms", milliseconds(now_s() - began)}}});
  }

  // Behind the head of a stream an error is one more event, which the clients raise as an error of theirs.
  void refuse(Completion& c, const ApiError& error) {
    if (!c.request.stream) return c.responder->respond(to_response(error));
    c.responder->write(event(error_body(error)));
    c.responder->finish();
  }

  // 4. Usage: one line a request, never its text
  void account(const Completion& c, const GenerateResult& result, double seconds) {
    const auto& finish = result.finish_reason;
    {
      std::lock_guard lock(mutex);
      ++totals.requests;
      totals.failed += finish == "error";
      totals.cancelled += finish == "cancelled";
      totals.prompt_tokens += c.prompt_tokens;
      totals.completion_tokens += result.completion_tokens;
      totals.model_seconds += seconds;
    }
    seconds_per_request = 0.8 * seconds_per_request + 0.2 * seconds;
    const Json line = {{"time", utc_timestamp()},
                       {"id", c.id},
                       {"request_id", c.request_id},
                       {"model", model->name()},
                       {"finish", finish},
                       {"prompt_tokens", c.prompt_tokens},
                       {"completion_tokens", result.completion_tokens},
                       {"ms", std::llround((now_s() - c.received_s) * 1000)},
                       {"model_ms", std::llround(seconds * 1000)}};
    log_info("usage " + to_text(line));
  }

  ServerTotals snapshot() const {
    std::lock_guard lock(mutex);
    return totals;
  }
};

Server::Server(const ServerConfig& config, std::function<std::unique_ptr<TextModel>()> load) {
  throw_if_any("serve", config.validate());
  state_ = std::make_unique<State>(config, std::move(load));
}

Server::~Server() = default;
uint16_t Server::port() const { return state_->http.port(); }

void Server::run(bool signals) {
  state_->http.run(signals);
  state_->stopping = true;
  if (state_->failure) std::rethrow_exception(state_->failure);
}

void Server::drain() { state_->http.drain(); }
ServerTotals Server::totals() const { return state_->snapshot(); }

}  // namespace ingot
