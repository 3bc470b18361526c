#include "ingot/server/http.h"

#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "client.h"
#include "ingot/base/error.h"

namespace ingot {
namespace {

// Answers every request with its method, path and body; runs on its own thread until the end of the test.
class EchoServer {
 public:
  explicit EchoServer(HttpConfig config = {})
      : server_(
            at_free_port(config),
            [this](HttpRequest request, std::shared_ptr<Responder> responder) { answer(request, *responder); },
            [](int status, const std::string& message) {
              return HttpResponse{status, "refused: " + message, "text/plain", {}};
            }),
        thread_([this] { server_.run(false); }) {}
  ~EchoServer() {
    server_.drain();
    thread_.join();
  }
  uint16_t port() const { return server_.port(); }
  int handled() const { return handled_; }
  HttpServer& server() { return server_; }

 private:
  static HttpConfig at_free_port(HttpConfig config) {
    config.port = 0;
    config.drain_seconds = 1;
    return config;
  }
  void answer(const HttpRequest& request, Responder& responder) {
    ++handled_;
    responder.respond({200, request.method + " " + request.path + " " + request.body, "text/plain", {}});
  }
  std::atomic<int> handled_{0};
  HttpServer server_;
  std::thread thread_;
};

std::string talk(uint16_t port, const std::string& bytes) {
  Client client(port);
  client.send(bytes);
  return client.read_all();
}

TEST(Http, AnswersOverOneConnectionAndClosesWhenAsked) {
  EchoServer server;
  Client client(server.port());
  client.send(get("/a"));
  EXPECT_TRUE(client.read_answer().ends_with("GET /a "));
  client.send(post("/b", "body"));
  EXPECT_TRUE(client.read_answer().ends_with("POST /b body"));
  client.send(get("/c", "Connection: close\r\n"));
  const auto last = client.read_all();
  EXPECT_NE(last.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(last.ends_with("GET /c "));
}

TEST(Http, AnswersRequestsThatCameTogetherInOrder) {
  EchoServer server;
  const auto answers = talk(server.port(), post("/1", "x") + post("/2", "y") + get("/3", "Connection: close\r\n"));
  const auto one = answers.find("POST /1 x"), two = answers.find("POST /2 y"), three = answers.find("GET /3 ");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, std::string::npos);
}

TEST(Http, TakesChunkedBodiesInAnyCut) {
  EchoServer server;
  Client client(server.port());
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: "
      "close\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
  for (const char c : request) client.send(std::string(1, c));
  EXPECT_TRUE(client.read_all().ends_with("POST /c hello world"));
}

// Each is refused, the connection is closed, and the bytes behind it are never taken for a second request.
TEST(Http, RefusesFramingThatTwoParsersCouldReadDifferently) {
  EchoServer server;
  const std::string next = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::pair<const char*, std::string> bad[] = {
      {"CL and TE",
       "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two CL", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodyx"},
      {"two equal CL", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody"},
      {"CL list", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4, 4\r\n\r\nbody"},
      {"CL sign", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +4\r\n\r\nbody"},
      {"CL overflow", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n"},
      {"TE x", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"TE list", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
      {"two TE",
       "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"},
      {"HTTP/1.0 chunked", "POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"obs-fold", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"},
      {"space before colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"},
      {"bare LF", "GET / HTTP/1.1\nHost: localhost\r\n\r\n"},
      {"NUL", std::string("GET / HTTP/1.1\r\nHost: localhost\r\nX: a") + '\0' + "b\r\n\r\n"},
      {"version", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"},
      {"chunk size", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nxx\r\n0\r\n\r\n"},
      {"chunk overflow",
       "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nxx\r\n0\r\n\r\n"},
  };
  for (const auto& [what, bytes] : bad) {
    const auto answer = talk(server.port(), bytes + next);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << what << ": " << answer;
    EXPECT_EQ(answer.find("HTTP/1.1 ", 5), std::string::npos) << what << ": a second answer: " << answer;
  }
  EXPECT_EQ(server.handled(), 0);
}

TEST(Http, HoldsItsLimits) {
  HttpConfig config;
  config.max_header_bytes = 2048;
  config.max_body_bytes = 1000;
  EchoServer server(config);
  EXPECT_TRUE(talk(server.port(), get("/", "X: " + std::string(4000, 'x') + "\r\n")).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(talk(server.port(), std::string(4000, 'x')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(talk(server.port(), post("/", std::string(1001, 'x'))).starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(talk(server.port(), "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7D0\r\n" +
                                      std::string(2000, 'x') + "\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(server.handled(), 0);
  EXPECT_NE(talk(server.port(), post("/", std::string(1000, 'x'), "Connection: close\r\n")).find(" 200 "),
            std::string::npos);
}

TEST(Http, ClosesOnAClientThatStalls) {
  HttpConfig config;
  config.header_seconds = config.body_seconds = 0.05;
  EchoServer server(config);
  EXPECT_EQ(talk(server.port(), "GET / HTT"), "");
  EXPECT_EQ(talk(server.port(), "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"), "");
  EXPECT_EQ(server.handled(), 0);
}

TEST(Http, AnswersOnlyToItsOwnNames) {
  EchoServer server;
  EXPECT_TRUE(talk(server.port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(talk(server.port(), get("/", "Origin: https://evil.example\r\n")).starts_with("HTTP/1.1 403 "));
  EXPECT_NE(talk(server.port(), get("/", "Origin: http://localhost:3000\r\nConnection: close\r\n")).find(" 200 "),
            std::string::npos);
  EXPECT_EQ(server.handled(), 1);
}

TEST(Http, ContinuesAClientThatWaitsForIt) {
  EchoServer server;
  Client client(server.port());
  client.send(
      "POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_all().ends_with("POST /e ok"));
}

TEST(Http, KeepsAWellFormedRequestIdAndDropsAnother) {
  EchoServer server;
  EXPECT_NE(
      talk(server.port(), get("/", "X-Request-Id: abc-1\r\nConnection: close\r\n")).find("X-Request-Id: abc-1\r\n"),
      std::string::npos);
  EXPECT_EQ(talk(server.port(), get("/", "X-Request-Id: <b>\r\nConnection: close\r\n")).find("<b>"), std::string::npos);
}

TEST(Http, SaysWhichAddressIsTaken) {
  EchoServer server;
  HttpConfig config;
  config.port = server.port();
  try {
    HttpServer second(config, {}, {});
    FAIL() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Io);
    EXPECT_NE(std::string(error.what()).find(std::to_string(server.port())), std::string::npos);
  }
}

TEST(Http, DrainsWithAnIdleConnectionOpen) {
  HttpConfig config;
  config.port = 0;
  HttpServer server(config, [](HttpRequest, std::shared_ptr<Responder> responder) { responder->respond({}); }, {});
  const auto port = server.port();
  std::thread thread([&] { server.run(false); });
  Client idle(port);
  idle.send(get("/"));
  idle.read_answer();
  server.drain();
  thread.join();  // would wait for drain_seconds if the idle connection held it
  EXPECT_EQ(idle.read_all(), "");
}

}  // namespace
}  // namespace ingot
