#include "ingot/server/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "client.h"
#include "ingot/base/error.h"
#include "ingot/base/json.h"

namespace ingot {
namespace {

// Spells the alphabet, one letter a token, and can be held at a gate so that a test knows where it stands.
class Alphabet : public TextModel {
 public:
  std::string name() const override { return "alphabet"; }
  int64_t context_length() const override { return 1000; }
  int64_t count_tokens(std::string_view text) const override { return int64_t(text.size()); }
  GenerateResult generate(const GenerateRequest& request, const OnText& on_text) override {
    require("alphabet", request.prompt != "bad", "prompt is 'bad', expected another");
    if (request.prompt == "broken") throw std::runtime_error("secret detail");
    GenerateResult result;
    result.prompt_tokens = int64_t(request.prompt_ids.empty() ? request.prompt.size() : request.prompt_ids.size());
    result.finish_reason = "length";
    for (int64_t i = 0; i < request.max_tokens; ++i) {
      wait_at_gate();
      const std::string letter(1, char('a' + i % 26));
      ++result.completion_tokens;
      if (request.stop == std::vector<std::string>{letter}) {
        result.finish_reason = "stop";
        break;
      }
      result.text += letter;
      if (request.logprobs >= 0) result.logprobs.push_back({int32_t(i % 26), letter, -0.5, {{letter, -0.5}}});
      if (!on_text(letter)) {
        result.finish_reason = "cancelled";
        break;
      }
    }
    return result;
  }

  void close_gate() { set(0); }
  void open_gate() { set(1 << 30); }
  void let_through(int n) {
    std::lock_guard lock(mutex_);
    passes_ += n;
    changed_.notify_all();
  }
  void wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_; });
  }

 private:
  void set(int passes) {
    std::lock_guard lock(mutex_);
    passes_ = passes;
    changed_.notify_all();
  }
  void wait_at_gate() {
    std::unique_lock lock(mutex_);
    held_ = passes_ == 0;
    changed_.notify_all();
    changed_.wait(lock, [this] { return passes_ > 0; });
    held_ = false;
    --passes_;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int passes_ = 1 << 30;
  bool held_ = false;
};

class Running {
 public:
  explicit Running(int64_t queue = 8, double request_seconds = 60) {
    ServerConfig config;
    config.http.port = 0;
    config.http.drain_seconds = 20;
    config.queue = queue;
    config.request_seconds = request_seconds;
    server_ = std::make_unique<Server>(config, [this] {
      auto made = std::make_unique<Alphabet>();
      model = made.get();
      return made;
    });
    thread_ = std::thread([this] { server_->run(false); });
    while (get_answer("/healthz").find("\"ready\"") == std::string::npos) std::this_thread::yield();
  }
  ~Running() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    model->open_gate();
    server_->drain();
    thread_.join();
  }
  uint16_t port() const { return port_; }
  Server& server() { return *server_; }
  std::string get_answer(const std::string& path) {
    Client client(port_ = server_->port());
    client.send(get(path));
    return client.read_answer();
  }
  std::string complete(const std::string& members, const std::string& more = "") {
    Client client(port_);
    client.send(post("/v1/completions", R"({"model": "alphabet", )" + members + "}", more));
    return client.read_answer();
  }
  // Blocks until `count` requests are accounted for.
  void wait_for_requests(int64_t count) {
    while (server_->totals().requests < count) std::this_thread::yield();
  }

  Alphabet* model = nullptr;

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
  uint16_t port_ = 0;
};

int status_of(const std::string& answer) { return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0; }
Json body_of(const std::string& answer) { return parse_json(answer.substr(answer.find("\r\n\r\n") + 4), "answer"); }

TEST(Server, CompletesAPrompt) {
  Running running;
  const auto answer = running.complete(R"("prompt": "xyz", "max_tokens": 4, "logprobs": 1)");
  ASSERT_EQ(status_of(answer), 200) << answer;
  const auto body = body_of(answer);
  EXPECT_EQ(body["object"], "text_completion");
  EXPECT_EQ(body["choices"][0]["text"], "abcd");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(body["choices"][0]["logprobs"]["text_offset"], Json({0, 1, 2, 3}));
  EXPECT_EQ(body["choices"][0]["logprobs"]["top_logprobs"][1], Json({{"b", -0.5}}));
  EXPECT_EQ(to_text(body["usage"]), R"({"prompt_tokens":3,"completion_tokens":4,"total_tokens":7})");
  EXPECT_NE(answer.find("OpenAI-Processing-Ms: "), std::string::npos);
  running.wait_for_requests(1);
  EXPECT_EQ(running.server().totals().completion_tokens, 4);
}

TEST(Server, StopsBeforeAStopString) {
  Running running;
  const auto body = body_of(running.complete(R"("prompt": [1, 2], "max_tokens": 9, "stop": "c")"));
  EXPECT_EQ(body["choices"][0]["text"], "ab");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 2);
}

TEST(Server, StreamsEventsOfOneAnswer) {
  Running running;
  Client client(running.port());
  client.send(post(
      "/v1/completions",
      R"({"model": "alphabet", "prompt": "p", "max_tokens": 3, "stream": true, "stream_options": {"include_usage": true}})",
      "Connection: close\r\n"));
  const auto all = client.read_all();
  EXPECT_NE(all.find("Content-Type: text/event-stream"), std::string::npos);
  std::vector<Json> events;
  for (size_t at = 0; (at = all.find("data: {", at)) != std::string::npos; ++at)
    events.push_back(parse_json(all.substr(at + 6, all.find("\n\n", at) - at - 6), "event"));
  ASSERT_EQ(events.size(), 5u) << all;
  std::string text;
  for (const auto& event : events) {
    EXPECT_EQ(event["id"], events[0]["id"]);
    if (!event["choices"].empty()) text += event["choices"][0]["text"];
  }
  EXPECT_EQ(text, "abc");
  EXPECT_TRUE(events[0]["usage"].is_null());
  EXPECT_EQ(events[3]["choices"][0]["finish_reason"], "length");
  EXPECT_TRUE(events[4]["choices"].empty());
  EXPECT_EQ(events[4]["usage"]["total_tokens"], 4);
  EXPECT_NE(all.find("data: [DONE]\n\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("0\r\n\r\n"));
}

TEST(Server, ListsItsModelAndKnowsNoOther) {
  Running running;
  EXPECT_EQ(body_of(running.get_answer("/v1/models"))["data"][0]["id"], "alphabet");
  EXPECT_EQ(body_of(running.get_answer("/v1/models/alphabet"))["object"], "model");
  EXPECT_EQ(body_of(running.get_answer("/v1/models/beta"))["error"]["code"], "model_not_found");
  Client client(running.port());
  client.send(post("/v1/completions", R"({"model": "beta", "prompt": "p"})"));
  EXPECT_EQ(status_of(client.read_answer()), 404);
}

TEST(Server, SaysWhatIsWrongWithARequest) {
  Running running;
  EXPECT_EQ(status_of(running.get_answer("/nothing")), 404);
  EXPECT_EQ(status_of(running.get_answer("/v1/completions")), 405);
  EXPECT_EQ(status_of(running.get_answer("/..%2f..%2fetc/passwd")), 404);
  const auto long_one = running.complete(R"("prompt": "xy", "max_tokens": 999)");
  EXPECT_EQ(body_of(long_one)["error"]["code"], "context_length_exceeded");
  EXPECT_NE(long_one.find("1001"), std::string::npos);
  EXPECT_EQ(body_of(running.complete(R"("prompt": "p", "temperature": 9)"))["error"]["param"], "temperature");
  EXPECT_EQ(status_of(running.complete(R"("prompt": "bad")")), 400);
  Client form(running.port());
  form.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(status_of(form.read_answer()), 415);
  for (const std::string body : {"{", "{\"a\":1,\"a\":2}", "\"\xff\"", "{\"prompt\": 1e999}"}) {
    Client client(running.port());
    client.send(post("/v1/completions", body));
    EXPECT_EQ(status_of(client.read_answer()), 400) << body;
  }
  Client deep(running.port());
  deep.send(post("/v1/completions", std::string(100000, '[')));
  EXPECT_EQ(status_of(deep.read_answer()), 400);
}

TEST(Server, HidesInternalErrorsAndLives) {
  Running running;
  const auto answer = running.complete(R"("prompt": "broken")");
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  EXPECT_EQ(status_of(running.complete(R"("prompt": "p")")), 200);
}

TEST(Server, RefusesMoreThanItsQueueHolds) {
  Running running(1);
  running.model->close_gate();
  Client first(running.port()), second(running.port());
  const std::string request = post("/v1/completions", R"({"model": "alphabet", "prompt": "p", "max_tokens": 1})");
  first.send(request);
  running.model->wait_until_held();
  second.send(request);
  while (running.get_answer("/healthz").find("\"waiting\":1") == std::string::npos) std::this_thread::yield();
  const auto refused = running.complete(R"("prompt": "p")");
  EXPECT_EQ(status_of(refused), 429);
  EXPECT_NE(refused.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(body_of(refused)["error"]["code"], "rate_limit_exceeded");
  running.model->open_gate();
  EXPECT_EQ(status_of(first.read_answer()), 200);
  EXPECT_EQ(status_of(second.read_answer()), 200);
}

// A hang-up frees the model within one token, whether the client was streaming, waiting for the whole, or in the queue.
TEST(Server, StopsWorkForAClientThatLeft) {
  Running running;
  running.model->close_gate();
  for (const char* stream : {"true", "false"}) {
    const auto before = running.server().totals();
    Client active(running.port()), queued(running.port());
    const std::string request =
        post("/v1/completions",
             R"({"model": "alphabet", "prompt": "p", "max_tokens": 900, "stream": )" + std::string(stream) + "}");
    active.send(request);
    running.model->wait_until_held();
    queued.send(request);
    while (running.get_answer("/healthz").find("\"waiting\":1") == std::string::npos) std::this_thread::yield();
    active.close();
    queued.close();
    // Only this poll is left; then both hang-ups have been seen.
    while (running.get_answer("/healthz").find("\"connections\":1,") == std::string::npos) std::this_thread::yield();
    running.model->let_through(1);
    running.wait_for_requests(before.requests + 2);
    const auto after = running.server().totals();
    EXPECT_EQ(after.cancelled, before.cancelled + 2) << stream;
    EXPECT_EQ(after.completion_tokens, before.completion_tokens + 1) << stream;
  }
}

TEST(Server, FinishesWhatRunsWhenDrained) {
  Running running;
  running.model->close_gate();
  Client client(running.port());
  client.send(post("/v1/completions", R"({"model": "alphabet", "prompt": "p", "max_tokens": 5})"));
  running.model->wait_until_held();
  Client kept(running.port());  // a connection that is open when the drain begins
  kept.send(get("/healthz"));
  kept.read_answer();
  running.server().drain();
  EXPECT_EQ(kept.read_all(), "");  // idle: closed
  EXPECT_FALSE(Client(running.port()).connected());
  running.model->open_gate();
  const auto answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer)["choices"][0]["text"], "abcde");
  running.stop();
}

TEST(Server, CutsARequestThatTakesTooLong) {
  Running running(8, 1e-9);
  const auto answer = running.complete(R"("prompt": "p", "max_tokens": 900)");
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(body_of(answer)["error"]["code"], "timeout");
  Client client(running.port());
  client.send(post("/v1/completions", R"({"model": "alphabet", "prompt": "p", "max_tokens": 900, "stream": true})",
                   "Connection: close\r\n"));
  EXPECT_NE(client.read_all().find("data: {\"error\":{\"message\":"), std::string::npos);
}

TEST(Server, ThrowsWhatLoadingThrew) {
  ServerConfig config;
  config.http.port = 0;
  Server server(config, []() -> std::unique_ptr<TextModel> { fail(ErrorKind::NotFound, "serve", "no model here"); });
  EXPECT_THROW(server.run(false), Error);
}

TEST(Server, IsNotReadyBeforeItsModelIs) {
  std::mutex gate;
  gate.lock();
  ServerConfig config;
  config.http.port = 0;
  Server server(config, [&]() -> std::unique_ptr<TextModel> {
    std::lock_guard wait(gate);
    return std::make_unique<Alphabet>();
  });
  std::thread thread([&] { server.run(false); });
  for (const char* path : {"/healthz", "/v1/models"}) {
    Client client(server.port());
    client.send(get(path));
    EXPECT_EQ(status_of(client.read_answer()), 503) << path;
  }
  gate.unlock();
  server.drain();
  thread.join();
}

}  // namespace
}  // namespace ingot
