// The OpenAI-compatible completion server: routes, queue, readiness, usage. docs/serve.md traces one request.
#pragma once

#include <functional>
#include <memory>

#include "ingot/server/http.h"
#include "ingot/server/model.h"

namespace ingot {

struct ServerConfig {
  HttpConfig http;
  int64_t queue = 32;
  double request_seconds = 120;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("http", self.http, "address, limits and deadlines");
    v("queue", self.queue, "requests that may wait for the model; more are answered 429");
    v("request_seconds", self.request_seconds, "longest time the model works for one request");
  }
  Problems validate() const;
};

// What was served since the start.
struct ServerTotals {
  int64_t requests = 0, failed = 0, cancelled = 0, rejected = 0, prompt_tokens = 0, completion_tokens = 0;
  double model_seconds = 0;
};

class Server {
 public:
  // Listens at once; `load` runs on the engine thread while /healthz says 503.
  Server(const ServerConfig& config, std::function<std::unique_ptr<TextModel>()> load);
  ~Server();
  uint16_t port() const;
  // Serves until drained; throws what `load` threw. `signals`: SIGTERM and SIGINT drain, a second one cuts.
  void run(bool signals);
  void drain();  // thread-safe
  ServerTotals totals() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ingot
