// A client of raw sockets: what a test sends is what the server gets.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ingot {

class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    timeval limit{30, 0};  // a hang fails the test instead of the suite
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(size_t(sent));
    }
    return true;
  }
  // Until the server closes.
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(buffer_, {});
  }
  // Up to and with `end`; what is behind it stays for the next call.
  std::string read_until(std::string_view end) {
    size_t at;
    while ((at = buffer_.find(end)) == std::string::npos)
      if (!read_some()) return std::exchange(buffer_, {});
    std::string out = buffer_.substr(0, at + end.size());
    buffer_.erase(0, out.size());
    return out;
  }
  // One answer with a Content-Length: header and body.
  std::string read_answer() {
    std::string answer = read_until("\r\n\r\n");
    const auto at = answer.find("Content-Length: ");
    if (at == std::string::npos) return answer;
    const auto length = size_t(std::atol(answer.c_str() + at + 16));
    while (buffer_.size() < length && read_some()) {
    }
    answer += buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }

 private:
  bool read_some() {
    char bytes[4096];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, size_t(got));
    return true;
  }
  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

inline std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

}  // namespace ingot
