// A small HTTP/1.1 server on a free port of this machine: serves one body, understands Range, and can cut a
// connection after so many bytes. python3's http.server knows no Range.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ingot {

class RangeServer {
 public:
  explicit RangeServer(std::string body) : body_(std::move(body)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(listener_, 8);
    thread_ = std::thread([this] { serve(); });
  }
  ~RangeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url(const std::string& name) const { return "http://127.0.0.1:" + std::to_string(port_) + "/" + name; }

  std::atomic<size_t> cut_after = SIZE_MAX;  // bytes of body a connection gets
  std::atomic<bool> ranges = true;
  std::atomic<int> status = 0;        // not 0: answer with this and no body
  std::atomic<size_t> last_from = 0;  // where the last answer began
  std::atomic<int> requests = 0;

 private:
  void serve() {
    for (int client; (client = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(client)) {
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        request.append(buffer, size_t(n));
      }
      ++requests;
      size_t from = 0;
      if (const size_t range = request.find("Range: bytes="); ranges && range != std::string::npos)
        from = std::min<size_t>(std::stoull(request.substr(range + 13)), body_.size());
      last_from = from;
      const std::string code = status ? std::to_string(status) + " Wrong" : from ? "206 Partial Content" : "200 OK";
      std::string head = "HTTP/1.1 " + code + "\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(status ? 0 : body_.size() - from) + "\r\n";
      if (from)
        head += "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(body_.size() - 1) + "/" +
                std::to_string(body_.size()) + "\r\n";
      send(client, head + "\r\n");
      if (!status) send(client, body_.substr(from, cut_after));
    }
  }
  static void send(int client, const std::string& bytes) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n = ::send(client, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return;
      done += size_t(n);
    }
  }

  std::string body_;
  int listener_;
  int port_;
  std::thread thread_;
};

}  // namespace ingot
