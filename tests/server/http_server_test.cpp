// The HTTP server by itself, with answers that other threads make: what ThreadSanitizer watches. What it says on the
// wire is tested by serve_test.py and hostile_test.py.
#include "server/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace decant {
namespace {

constexpr int kPieces = 20;

// Pieces that a thread of its own makes, while others are sent.
class Streamed final : public Response {
 public:
  explicit Streamed(const Wake& wake)
      : maker_([this, wake](const std::stop_token& stop) {
          for (int i = 0; i < kPieces && !stop.stop_requested(); ++i) {
            {
              const std::lock_guard lock(mutex_);
              pieces_.push_back("piece\n");
            }
            wake();
            if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
          }
          done_ = true;
          wake();
        }) {}

  Piece advance() override {
    Piece piece;
    piece.last = done_.load();  // before what is there is taken
    const std::lock_guard lock(mutex_);
    for (const std::string& each : std::exchange(pieces_, {})) piece.bytes += each;
    if (!begun_ && (piece.last || !piece.bytes.empty())) {
      begun_ = true;
      piece.head = HttpHead{.type = "text/plain"};
    }
    return piece;
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> pieces_;
  std::atomic<bool> done_ = false;
  bool begun_ = false;
  std::jthread maker_;  // ends before the rest does
};

class Handler final : public HttpHandler {
 public:
  std::optional<WholeResponse> refuse(const HttpRequest& head) override {
    if (head.path == "/refused") return failure(404, "nothing there");
    return std::nullopt;
  }
  bool is_quick(const HttpRequest& request) const override { return request.path == "/quick"; }
  std::unique_ptr<Response> answer(const HttpRequest& request, const Wake& wake) override {
    ++answers;
    if (request.path == "/streamed") return std::make_unique<Streamed>(wake);
    return whole({{.type = "text/plain"}, request.body + "."});
  }
  WholeResponse failure(int status, std::string_view message) override {
    return {{.status = status, .type = "text/plain"}, std::string(message)};
  }

  std::atomic<int> answers = 0;
};

class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(connect(socket_, generic, sizeof address), 0);
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send_text(const std::string& text) const { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  std::string read_all() const {
    std::string text;
    char bytes[4096];
    for (ssize_t count; (count = recv(socket_, bytes, sizeof bytes, 0)) > 0;)
      text.append(bytes, static_cast<std::size_t>(count));
    return text;
  }

 private:
  int socket_;
};

std::string request(const std::string& path, const std::string& body) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", path,
                     body.size(), body);
}

TEST(HttpServer, ServesManyThreadsAtOnce) {
  Handler handler;
  HttpServer server({.port = 0}, handler);
  std::thread serving([&] { server.run(); });
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      for (int j = 0; j < 25; ++j) {
        const Client client(server.port());
        const int what = (i + j) % 6;
        if (what == 0) {
          client.send_text(request("/quick", "a"));
          EXPECT_TRUE(client.read_all().ends_with("a."));
        } else if (what == 1) {
          client.send_text(request("/worked", "b"));
          EXPECT_TRUE(client.read_all().ends_with("b."));
        } else if (what == 2) {
          client.send_text(request("/streamed", ""));
          const std::string text = client.read_all();
          int pieces = 0;
          for (std::size_t at = 0; (at = text.find("piece", at)) != text.npos; ++at) ++pieces;
          EXPECT_EQ(pieces, kPieces);
        } else if (what == 3) {
          client.send_text(request("/refused", ""));
          EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 404"));
        } else if (what == 4) {
          client.send_text("no HTTP at all\r\n\r\n");
          EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 400"));
        } else {
          client.send_text(request(j % 2 == 0 ? "/streamed" : "/worked", "c"));  // and goes away
        }
      }
    });
  }
  for (std::thread& each : clients) each.join();
  EXPECT_GT(handler.answers, 50);
  server.stop();
  serving.join();
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace decant
