// HTTP/1.1 on Boost.Beast and Asio: limits, deadlines, strict framing, streams, and a drain that drops nobody.
// This header knows no Boost and no JSON; http.cpp is the one file that pays for them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ingot/base/config.h"

namespace ingot {

struct HttpConfig {  // [http] of a server recipe
  std::string host = "127.0.0.1";
  int64_t port = 8080;
  int64_t max_header_bytes = 16 << 10;
  int64_t max_body_bytes = 1 << 20;
  int64_t max_connections = 4096;
  double header_seconds = 10;  // from the first byte awaited to the end of the header; also the idle time kept alive
  double body_seconds = 20;
  double write_seconds = 20;  // for one piece of an answer to leave
  double drain_seconds = 30;  // after SIGTERM, until open requests are cut
  std::vector<std::string> allowed_hosts;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("host", self.host, "address to listen on");
    v("port", self.port, "port; 0 takes a free one and prints it");
    v("max_header_bytes", self.max_header_bytes, "longest request line and header together");
    v("max_body_bytes", self.max_body_bytes, "longest request body");
    v("max_connections", self.max_connections, "open connections; more are answered 503");
    v("header_seconds", self.header_seconds, "time for a request header to arrive, and idle time of a connection");
    v("body_seconds", self.body_seconds, "time for a request body to arrive");
    v("write_seconds", self.write_seconds, "time for a piece of an answer to be taken by the client");
    v("drain_seconds", self.drain_seconds, "time for open requests to finish after SIGTERM");
    v("allowed_hosts", self.allowed_hosts,
      "host names in Host and Origin; empty: those of this machine when the address is a loopback one, else any");
  }
  Problems validate() const;
};

struct HttpRequest {
  std::string method, path, query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string id;  // x-request-id of the client when it is well formed, else our own
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

// The way back to one client, from any thread, while the HttpServer lives. The client may be gone already; then
// everything is dropped.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void respond(HttpResponse response) = 0;
  // A stream: begin once, write pieces, finish. An exchange is either respond() or a stream.
  virtual void begin(HttpResponse head) = 0;
  virtual void write(std::string piece) = 0;
  virtual void finish() = 0;
  // True when the client left or stopped reading: work for it is wasted.
  virtual bool gone() const = 0;
};

// Called on the server's thread; must not block. Long work goes elsewhere and answers through the Responder.
using HttpHandler = std::function<void(HttpRequest, std::shared_ptr<Responder>)>;
// Makes the answer to a request that was refused before a handler saw it.
using HttpRefusal = std::function<HttpResponse(int status, const std::string& message)>;

class HttpServer {
 public:
  // Listens at once, so that port() is known. Throws Io when the address is taken or not ours.
  HttpServer(const HttpConfig& config, HttpHandler handler, HttpRefusal refusal);
  ~HttpServer();
  uint16_t port() const;
  // Serves on the calling thread until drained. With `signals`, SIGTERM and SIGINT drain; a second one cuts.
  void run(bool signals);
  // Stops accepting, closes idle connections, lets open requests finish. Thread-safe.
  void drain();
  bool draining() const;
  int64_t connections() const;
  // Runs `action` on the server's thread. Thread-safe.
  void post(std::function<void()> action);
  // Called once when draining begins, on the server's thread.
  void on_drain(std::function<void()> action);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What Beast's parser lets pass and HTTP/1.1 (RFC 9112) does not, found in the raw header. "" when there is nothing.
std::string framing_fault(std::string_view raw_header);

}  // namespace ingot
