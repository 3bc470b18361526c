#include "ingot/server/http.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <set>
#include <utility>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

#include "ingot/base/ascii.h"
#include "ingot/base/error.h"

namespace ingot {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Awaitable = asio::awaitable<void>;

namespace {

constexpr size_t kMaxUnsentBytes = 1 << 20;  // of a stream whose client reads slowly

auto seconds(double s) { return std::chrono::milliseconds(int64_t(s * 1000)); }

// "127.0.0.1:8080" -> "127.0.0.1"; "[::1]:80" -> "[::1]"; "http://localhost:80" -> "localhost"
std::string host_name(std::string_view text) {
  if (const auto at = text.find("://"); at != std::string_view::npos) text.remove_prefix(at + 3);
  const auto bracket = text.find(']');
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return std::string(text.substr(0, colon));
}

bool is_id(std::string_view text) {
  const auto ok = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), ok);
}

std::string head_text(const HttpResponse& response, const std::string& id, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(http::obsolete_reason(http::int_to_status(unsigned(response.status)))) + "\r\n";
  text += "Content-Type: " + response.content_type + "\r\nX-Request-Id: " + id +
          "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  text += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  return text;
}

std::string whole_text(const HttpResponse& response, const std::string& id, bool keep_alive) {
  return head_text(response, id, keep_alive) + "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" +
         response.body;
}

// One request's way back. Filled from any thread, emptied by the connection's coroutine on the server's thread.
class Exchange : public Responder, public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(asio::io_context& context)
      : context_(context), signal(context, asio::steady_timer::time_point::max()) {}

  void respond(HttpResponse response) override {
    push([this, response = std::move(response)]() mutable { head = std::move(response), has_head = done = true; });
  }
  void begin(HttpResponse response) override {
    push([this, response = std::move(response)]() mutable { head = std::move(response), has_head = streams = true; });
  }
  void write(std::string piece) override {
    push([this, piece = std::move(piece)]() mutable {
      unsent += piece.size();
      if (unsent > kMaxUnsentBytes) left = true;
      pieces.push_back(std::move(piece));
    });
  }
  void finish() override {
    push([this] { done = true; });
  }
  bool gone() const override { return left; }

  std::atomic<bool> left{false};
  // Only on the server's thread:
  HttpResponse head;
  bool has_head = false, streams = false, done = false;
  std::deque<std::string> pieces;
  size_t unsent = 0;

 private:
  template <typename Change>
  void push(Change change) {
    asio::post(context_, [self = shared_from_this(), change = std::move(change)]() mutable {
      change();
      self->signal.cancel();
    });
  }
  asio::io_context& context_;

 public:
  asio::steady_timer signal;  // never expires; cancelled when something changed
};

// A connection, so that drain can close the idle ones.
struct Connection {
  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
  beast::tcp_stream stream;
  bool busy = false;  // between a whole request and its whole answer
};

}  // namespace

Problems HttpConfig::validate() const {
  Problems problems;
  const auto positive = [&](const char* name, double value) {
    if (!(value > 0)) problems.push_back(detail::join_parts(name, ": got ", value, ", expected > 0"));
  };
  if (port < 0 || port > 65535) problems.push_back(detail::join_parts("port: got ", port, ", expected 0 to 65535"));
  positive("max_header_bytes", double(max_header_bytes));
  positive("max_body_bytes", double(max_body_bytes));
  positive("max_connections", double(max_connections));
  positive("header_seconds", header_seconds);
  positive("body_seconds", body_seconds);
  positive("write_seconds", write_seconds);
  positive("drain_seconds", drain_seconds);
  return problems;
}

struct HttpServer::State {
  State(const HttpConfig& config, HttpHandler handler, HttpRefusal refusal)
      : config(config),
        handler(std::move(handler)),
        refusal(std::move(refusal)),
        acceptor(context),
        deadline(context) {}

  HttpConfig config;
  HttpHandler handler;
  HttpRefusal refusal;
  std::set<std::string> allowed;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::steady_timer deadline;
  std::set<std::shared_ptr<Connection>> open;
  std::atomic<bool> draining{false};
  std::atomic<int64_t> num_open{0};
  std::function<void()> when_draining;
  uint64_t num_requests = 0;

  void listen() {
    error_code error;
    const auto address = asio::ip::make_address(config.host, error);
    require("serve", !error, "host is '", config.host, "', expected an IP address such as 127.0.0.1 or 0.0.0.0");
    const tcp::endpoint endpoint(address, uint16_t(config.port));
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      fail(ErrorKind::Io, "serve", "cannot listen on ", config.host, ":", config.port, ": ", error.message(),
           "; choose another --port, or 0 for a free one");
    allowed.insert(config.allowed_hosts.begin(), config.allowed_hosts.end());
    if (allowed.empty() && address.is_loopback()) allowed = {"localhost", "127.0.0.1", "[::1]", config.host};
  }

  Awaitable accept() {
    while (acceptor.is_open()) {
      error_code error;
      tcp::socket socket(context);
      co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted) break;
      if (error) {  // out of file descriptors, most likely: wait for some to be freed
        asio::steady_timer pause(context, std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      socket.set_option(tcp::no_delay(true), error);
      auto connection = std::make_shared<Connection>(std::move(socket));
      open.insert(connection);
      num_open = int64_t(open.size());
      asio::co_spawn(context, serve(connection), asio::detached);
    }
  }

  void forget(const std::shared_ptr<Connection>& connection) {
    error_code ignored;
    connection->stream.socket().close(ignored);
    open.erase(connection);
    num_open = int64_t(open.size());
    if (draining && open.empty()) context.stop();
  }

  // One piece of bytes with the write deadline. False when the client is gone.
  asio::awaitable<bool> send(Connection& connection, std::string_view bytes) {
    error_code error;
    connection.stream.expires_after(seconds(config.write_seconds));
    co_await asio::async_write(connection.stream, asio::buffer(bytes.data(), bytes.size()),
                               asio::redirect_error(asio::use_awaitable, error));
    connection.stream.expires_never();
    co_return !error;
  }

  // Says why and hangs up. The rest of what the client sends is read and dropped for a moment: closing with unread
  // bytes would reset the connection and could take the answer with it.
  Awaitable refuse(Connection& connection, int status, const std::string& message, const std::string& id) {
    const auto response = refusal(status, message);
    const auto text = whole_text(response, id, false);
    if (!co_await send(connection, text)) co_return;
    error_code error;
    connection.stream.socket().shutdown(tcp::socket::shutdown_send, error);
    connection.stream.expires_after(std::chrono::seconds(1));
    char dropped[4096];
    for (size_t total = 0; !error && total < (256u << 10);)
      total += co_await connection.stream.async_read_some(asio::buffer(dropped),
                                                          asio::redirect_error(asio::use_awaitable, error));
  }

  Awaitable refuse_parse(Connection& connection, error_code error, const std::string& id) {
    const bool large = error == http::error::body_limit;
    std::string why = error.message();
    if (large) why = "the body is longer than " + std::to_string(config.max_body_bytes) + " bytes";
    co_await refuse(connection, large ? 413 : 400, why, id);
  }

  // Marks the exchange when the client hangs up while it waits.
  Awaitable watch(std::shared_ptr<Connection> connection, std::shared_ptr<Exchange> exchange) {
    error_code error;
    auto& socket = connection->stream.socket();
    co_await socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    char byte;
    const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) co_return;  // the next request, sent early
    exchange->left = true;
    exchange->signal.cancel();
  }

  asio::awaitable<bool> answer(Connection& connection, Exchange& exchange, const std::string& id, bool keep_alive,
                               bool http10) {
    const auto changed = [&]() -> Awaitable {
      error_code error;
      co_await exchange.signal.async_wait(asio::redirect_error(asio::use_awaitable, error));
    };
    while (!exchange.has_head && !exchange.left) co_await changed();
    if (exchange.left) co_return false;
    if (!exchange.streams) {
      const auto text = whole_text(exchange.head, id, keep_alive);
      co_return co_await send(connection, text);
    }
    // HTTP/1.0 has no chunks: its stream ends with the connection.
    auto text =
        head_text(exchange.head, id, keep_alive && !http10) + (http10 ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
    while (true) {
      for (; !exchange.pieces.empty(); exchange.pieces.pop_front()) {
        const auto& piece = exchange.pieces.front();
        exchange.unsent -= piece.size();
        if (http10) {
          text += piece;
        } else if (!piece.empty()) {
          char size[20];
          std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
          text += size + piece + "\r\n";
        }
      }
      const bool last = exchange.done;
      if (last && !http10) text += "0\r\n\r\n";
      if (exchange.left || !co_await send(connection, text)) {
        exchange.left = true;
        co_return false;
      }
      text.clear();
      if (last && exchange.pieces.empty()) co_return !http10;
      if (exchange.pieces.empty() && !exchange.done) co_await changed();
    }
  }

  Awaitable serve(std::shared_ptr<Connection> connection) {
    try {
      co_await talk(connection);
    } catch (const std::exception&) {  // a socket error: nobody is left to tell
    }
    forget(connection);
  }

  Awaitable talk(std::shared_ptr<Connection> connection) {
    auto& stream = connection->stream;
    error_code error;
    std::string pending;  // bytes read and not yet understood
    while (!draining) {
      const std::string own_id = "req-" + std::to_string(++num_requests);
      stream.expires_after(seconds(config.header_seconds));
      const size_t header_size = co_await asio::async_read_until(
          stream, asio::dynamic_buffer(pending, std::max(pending.size(), size_t(config.max_header_bytes))), "\r\n\r\n",
          asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::not_found) {
        const std::string why = "the header is longer than " + std::to_string(config.max_header_bytes) + " bytes";
        co_return co_await refuse(*connection, 431, why, own_id);
      }
      if (error) co_return;  // hung up, or idle for too long: Beast has closed the socket
      connection->busy = true;
      std::string fault;
      if (int64_t(open.size()) > config.max_connections) {
        fault = "too many connections";
        co_return co_await refuse(*connection, 503, fault, own_id);
      }
      fault = framing_fault(std::string_view(pending).substr(0, header_size));
      if (!fault.empty()) co_return co_await refuse(*connection, 400, fault, own_id);

      http::request_parser<http::string_body> parser;
      parser.header_limit(std::uint32_t(config.max_header_bytes));
      parser.body_limit(std::uint64_t(config.max_body_bytes));
      parser.eager(true);
      parser.put(asio::buffer(pending.data(), header_size), error);
      if (error && error != http::error::need_more) co_return co_await refuse_parse(*connection, error, own_id);
      pending.erase(0, header_size);
      const auto& head = parser.get();
      fault = stranger(head);
      if (!fault.empty()) co_return co_await refuse(*connection, 403, fault, own_id);
      if (beast::iequals(head[http::field::expect], "100-continue") && !parser.is_done())
        co_await send(*connection, "HTTP/1.1 100 Continue\r\n\r\n");

      error = {};
      stream.expires_after(seconds(config.body_seconds));
      while (!parser.is_done()) {
        if (pending.empty() || error == http::error::need_more) {
          char bytes[16 << 10];
          error_code read_error;
          const auto count = co_await stream.async_read_some(asio::buffer(bytes),
                                                             asio::redirect_error(asio::use_awaitable, read_error));
          if (read_error) co_return;  // hung up or stalled; a timeout has closed the socket
          pending.append(bytes, count);
        }
        error = {};
        const auto used = parser.put(asio::buffer(pending), error);
        pending.erase(0, used);
        if (error && error != http::error::need_more) co_return co_await refuse_parse(*connection, error, own_id);
      }
      stream.expires_never();

      HttpRequest request;
      request.method = std::string(head.method_string());
      request.path = std::string(head.target());
      if (const auto at = request.path.find('?'); at != std::string::npos) {
        request.query = request.path.substr(at + 1);
        request.path.resize(at);
      }
      for (const auto& field : head) {
        const std::string_view name(field.name_string().data(), field.name_string().size());
        request.headers[ascii_lower(name)] = std::string(field.value());
      }
      const auto given = request.headers["x-request-id"];
      request.id = is_id(given) ? given : own_id;
      const auto id = request.id;
      const bool http10 = head.version() == 10;
      const bool keep_alive = head.keep_alive() && !draining;
      request.body = std::move(parser.get().body());

      auto exchange = std::make_shared<Exchange>(context);
      handler(std::move(request), exchange);
      asio::co_spawn(context, watch(connection, exchange), asio::detached);
      const bool sent = co_await answer(*connection, *exchange, id, keep_alive, http10);
      exchange->left = true;  // whoever still works for it may stop
      stream.socket().cancel(error);
      if (!sent || !keep_alive) {
        stream.socket().shutdown(tcp::socket::shutdown_send, error);
        co_return;
      }
      connection->busy = false;
    }
  }

  // A page of another site that calls us from a browser here, or a name that was pointed at us (DNS rebinding).
  template <typename Head>
  std::string stranger(const Head& head) const {
    if (allowed.empty()) return "";
    for (const auto field : {http::field::host, http::field::origin}) {
      const auto value = head[field];
      if (!value.empty() && !allowed.count(host_name({value.data(), value.size()})))
        return std::string(to_string(field)) + " is '" + std::string(value) + "', which this server does not answer to";
    }
    return "";
  }

  void begin_drain() {
    if (draining.exchange(true)) return;
    if (when_draining) when_draining();
    error_code ignored;
    acceptor.close(ignored);
    for (const auto& connection : open)
      if (!connection->busy) connection->stream.socket().cancel(ignored);
    if (open.empty()) return context.stop();
    deadline.expires_after(seconds(config.drain_seconds));
    deadline.async_wait([this](error_code error) {
      if (!error) context.stop();
    });
  }
};

HttpServer::HttpServer(const HttpConfig& config, HttpHandler handler, HttpRefusal refusal)
    : state_(std::make_unique<State>(config, std::move(handler), std::move(refusal))) {
  throw_if_any("serve", config.validate());
  state_->listen();
}

HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return state_->acceptor.local_endpoint().port(); }

void HttpServer::run(bool signals) {
  auto& state = *state_;
  asio::co_spawn(state.context, state.accept(), asio::detached);
  asio::signal_set set(state.context);
  std::function<void()> wait = [&] {
    set.async_wait([&](error_code error, int) {
      if (error) return;
      if (state.draining) return state.context.stop();
      state.begin_drain();
      wait();
    });
  };
  if (signals) {
    set.add(SIGTERM);
    set.add(SIGINT);
    wait();
  }
  state.context.run();
  error_code ignored;
  for (const auto& connection : state.open) connection->stream.socket().close(ignored);
}

void HttpServer::drain() {
  asio::post(state_->context, [state = state_.get()] { state->begin_drain(); });
}

bool HttpServer::draining() const { return state_->draining; }
int64_t HttpServer::connections() const { return state_->num_open; }
void HttpServer::post(std::function<void()> action) { asio::post(state_->context, std::move(action)); }
void HttpServer::on_drain(std::function<void()> action) { state_->when_draining = std::move(action); }

}  // namespace ingot
