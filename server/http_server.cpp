// Tested by tests/server/serve_test.py, tests/server/http_server_test.cpp.
#include "server/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>

#ifdef DECANT_TLS
#include <boost/asio/ssl.hpp>
#endif

#include "base/error.h"

namespace decant {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kWriteBytes = 64 << 10;           // that have their own deadline
constexpr auto kLook = std::chrono::milliseconds(500);  // at an answer that nobody wakes

using Stream = beast::basic_stream<Protocol>;

#ifdef DECANT_TLS
using TlsContext = asio::ssl::context;
#else
struct TlsContext {};
#endif

// What a connection reads and writes through: its socket, or TLS upon it.
class Channel {
 public:
  using executor_type = Stream::executor_type;

  Channel(Protocol::socket socket, [[maybe_unused]] TlsContext* tls) : stream_(std::move(socket)) {
#ifdef DECANT_TLS
    if (tls) tls_.emplace(stream_, *tls);
#endif
  }

  Stream& stream() { return stream_; }
  executor_type get_executor() { return stream_.get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const auto begin = [this](auto handler, const Buffers& to) {
#ifdef DECANT_TLS
      if (tls_) return tls_->async_read_some(to, std::move(handler));
#endif
      stream_.async_read_some(to, std::move(handler));
    };
    return asio::async_initiate<Token, void(error_code, std::size_t)>(begin, token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    const auto begin = [this](auto handler, const Buffers& from) {
#ifdef DECANT_TLS
      if (tls_) return tls_->async_write_some(from, std::move(handler));
#endif
      stream_.async_write_some(from, std::move(handler));
    };
    return asio::async_initiate<Token, void(error_code, std::size_t)>(begin, token, buffers);
  }

#ifdef DECANT_TLS
  bool has_tls() const { return tls_.has_value(); }
  asio::ssl::stream<Stream&>& tls() { return *tls_; }
#else
  bool has_tls() const { return false; }
#endif

 private:
  Stream stream_;
#ifdef DECANT_TLS
  std::optional<asio::ssl::stream<Stream&>> tls_;
#endif
};

Clock::duration in_clock(HttpLimits::Seconds seconds) { return std::chrono::duration_cast<Clock::duration>(seconds); }

std::string head_bytes(const HttpHead& head, bool keep_alive, std::optional<std::size_t> length, bool chunked) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(head.status));
  std::string bytes = fmt::format("HTTP/1.1 {} {}\r\n", head.status, std::string_view(reason.data(), reason.size()));
  if (!head.type.empty()) bytes += fmt::format("Content-Type: {}\r\n", head.type);
  if (length) bytes += fmt::format("Content-Length: {}\r\n", *length);
  if (chunked) bytes += "Transfer-Encoding: chunked\r\n";
  for (const auto& header : head.headers) bytes += fmt::format("{}: {}\r\n", header.first, header.second);
  return bytes + (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

struct Refusal {
  int status = 0;  // 0: nothing is said
  std::string_view message = {};
};

// What is to be said of a request that could not be read.
Refusal refusal_of(error_code error) {
  if (error == beast::error::timeout) return {408, "the request did not come in time"};
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return {431, "the header is too large"};
  if (error == http::error::body_limit) return {413, "the body is too large"};
  if (error == http::error::end_of_stream || error == http::error::partial_message) return {};
  const bool is_malformed = error.category() == make_error_code(http::error::bad_method).category();
  return is_malformed ? Refusal{400, "this is no HTTP/1.1 request"} : Refusal{};
}

// Ends what a stream waits for at a point in time, and leaves it open: whose deadline has passed is told so. (A
// stream's own deadline closes it.) Of the thread that runs the stream.
class Deadline {
 public:
  Deadline(Stream& stream, Clock::time_point at)
      : timer_(stream.get_executor(), at), state_(std::make_shared<State>(State{&stream, false})) {
    stream.expires_never();
    timer_.async_wait([state = state_](error_code error) {
      if (error || !state->stream) return;
      state->passed = true;
      state->stream->cancel();
    });
  }
  ~Deadline() { state_->stream = nullptr; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  error_code reason(error_code error) const { return error && state_->passed ? beast::error::timeout : error; }

 private:
  struct State {
    Stream* stream;  // null: nobody waits any more
    bool passed;
  };
  asio::steady_timer timer_;
  std::shared_ptr<State> state_;
};

constexpr Refusal kTooManyConnections = {503, "too many connections"};
constexpr Refusal kTwoLengths = {400, "Content-Length contradicts Transfer-Encoding"};

class Connection;

}  // namespace

// ------------------------------------------------------------------------------------------------------- the server

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(HttpServerOptions options, HttpHandler& handler);
  int run();
  void drain(int signal);
  void cut();
  int port() const { return port_; }

  const HttpLimits& limits() const { return options_.limits; }
  HttpHandler& handler() { return handler_; }
  asio::io_context& context() { return context_; }
  asio::thread_pool& workers() { return workers_; }
  TlsContext* tls() { return tls_ ? &*tls_ : nullptr; }
  bool draining() const { return draining_; }
  bool is_cut() const { return cut_; }

  void enter(Connection* connection);
  void leave(Connection* connection, const std::string& address);

  std::atomic<int> count = 0;

 private:
  void read_certificate();
  template <class Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor);
  void take(Protocol::socket socket, const std::string& address, bool loopback);
  asio::awaitable<void> await_signals();
  asio::awaitable<void> await_deadline();
  void end_if_done();

  HttpServerOptions options_;
  HttpHandler& handler_;
  asio::io_context context_{1};
  asio::thread_pool workers_;
  std::optional<TlsContext> tls_;
  asio::signal_set signals_{context_, SIGINT, SIGTERM};
  asio::steady_timer deadline_{context_};
  std::optional<asio::ip::tcp::acceptor> tcp_;
  std::optional<asio::local::stream_protocol::acceptor> local_;
  int port_ = 0;
  int signal_ = 0;
  bool draining_ = false, cut_ = false;
  std::set<Connection*> connections_;
  std::map<std::string, int> by_address_;
};

// --------------------------------------------------------------------------------------------------- one connection

namespace {

// Lets any thread wake a connection; many calls before it looks are one.
class Waker : public std::enable_shared_from_this<Waker> {
 public:
  Waker(asio::io_context& context, std::weak_ptr<Connection> connection)
      : context_(context), connection_(std::move(connection)) {}
  void wake();

 private:
  asio::io_context& context_;  // outlives what calls: the engines end before the server does
  std::weak_ptr<Connection> connection_;
  std::atomic<bool> posted_ = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<HttpServer::Impl> server, Protocol::socket socket, std::string address, bool loopback)
      : server_(std::move(server)),
        channel_(std::move(socket), server_->tls()),
        wait_(server_->context()),
        address_(std::move(address)),
        loopback_(loopback) {
    server_->enter(this);
  }
  ~Connection() { server_->leave(this, address_); }

  asio::awaitable<void> serve();
  asio::awaitable<void> turn_away();

  // Nothing is made any more: what answers hold of others goes.
  void drop() {
    answer_.reset();
    work_.reset();
  }

  void woken() {
    woken_ = true;
    wait_.cancel();
  }
  // The server ends: nothing more is read, and what is under way has only a last word.
  void drain() {
    if (!busy_) stream_.socket().cancel();
  }
  void cut() {
    cut_ = true;
    woken();
    if (!busy_) stream_.socket().close();
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  struct Work {  // between the connection and a worker
    std::unique_ptr<Response> answer;
    std::atomic<bool> done = false;
  };

  asio::awaitable<bool> shake_hands();
  asio::awaitable<void> say_goodbye();
  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> read_body(Parser& parser);
  asio::awaitable<bool> respond(const HttpRequest& request, bool keep_alive, bool chunks);
  asio::awaitable<void> sleep();
  asio::awaitable<bool> send(const std::string& bytes);
  asio::awaitable<bool> send_whole(WholeResponse& answer, bool keep_alive, bool with_body);
  asio::awaitable<void> refuse(Refusal why);
  asio::awaitable<void> linger();
  HttpRequest read_head(Parser& parser) const;
  void watch();
  bool has_hung_up();
  void stop_watching();

  std::shared_ptr<HttpServer::Impl> server_;
  Channel channel_;
  Stream& stream_ = channel_.stream();
  beast::flat_buffer buffer_{kReadBytes};
  asio::steady_timer wait_;
  std::string address_;
  bool loopback_;
  std::shared_ptr<Work> work_;
  std::unique_ptr<Response> answer_;
  bool first_ = true, busy_ = false, woken_ = false, gone_ = false, watching_ = false, cut_ = false;
};

void Waker::wake() {
  if (posted_.exchange(true)) return;
  asio::post(context_, [self = shared_from_this()] {
    self->posted_ = false;
    if (const auto connection = self->connection_.lock()) connection->woken();
  });
}

asio::awaitable<void> Connection::serve() {
  const auto self = shared_from_this();
  const auto begun = co_await shake_hands();
  for (bool more = begun; more && !server_->draining();) {
    const auto again = co_await serve_one();
    more = again;
    drop();
    first_ = busy_ = false;
  }
  gone_ = gone_ || !begun;
  co_await say_goodbye();
  error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_both, ignored);
}

// True at once where there is no TLS.
asio::awaitable<bool> Connection::shake_hands() {
  error_code error;
#ifdef DECANT_TLS
  if (channel_.has_tls()) {
    auto token = asio::redirect_error(asio::use_awaitable, error);
    stream_.expires_after(in_clock(server_->limits().header));
    auto& tls = channel_.tls();
    constexpr auto side = asio::ssl::stream_base::server;
    co_await tls.async_handshake(side, token);
  }
#endif
  co_return !error;
}

asio::awaitable<void> Connection::say_goodbye() {
#ifdef DECANT_TLS
  if (channel_.has_tls() && !gone_) {
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    stream_.expires_after(std::chrono::seconds(1));
    auto& tls = channel_.tls();
    co_await tls.async_shutdown(token);
  }
#endif
  co_return;
}

asio::awaitable<void> Connection::turn_away() {
  const auto self = shared_from_this();
  if (channel_.has_tls()) co_return;  // shaking hands is work
  const Refusal& why = kTooManyConnections;
  co_await refuse(why);
}

asio::awaitable<void> Connection::refuse(Refusal why) {
  if (why.status == 0) co_return;
  WholeResponse answer = server_->handler().failure(why.status, why.message);
  const auto sent = co_await send_whole(answer, false, true);
  if (!sent) co_return;
  co_await linger();
}

// What the client is still sending is read, for a moment: closing upon it would take the answer away.
asio::awaitable<void> Connection::linger() {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  stream_.expires_after(std::chrono::seconds(2));
  for (std::size_t read = 0; !error && read < 4 * server_->limits().body_bytes;) {
    buffer_.clear();
    const auto room = buffer_.prepare(kReadBytes / 2);
    const auto count = co_await stream_.async_read_some(room, token);
    read += count;
  }
}

HttpRequest Connection::read_head(Parser& parser) const {
  HttpRequest request;
  const auto& message = parser.get();
  request.method = std::string(message.method_string());
  const std::string target(message.target());
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != target.npos) request.query = target.substr(question + 1);
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.from_loopback = loopback_;
  return request;
}

asio::awaitable<bool> Connection::serve_one() {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const HttpLimits& limits = server_->limits();
  if (buffer_.size() == 0) {
    stream_.expires_after(in_clock(first_ ? limits.header : limits.idle));
    const auto room = buffer_.prepare(kReadBytes / 4);
    const auto count = co_await channel_.async_read_some(room, token);
    if (error) co_return false;
    buffer_.commit(count);
  }
  busy_ = true;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
  {
    const Deadline deadline(stream_, Clock::now() + in_clock(limits.header));
    co_await http::async_read_header(channel_, buffer_, parser, token);
    error = deadline.reason(error);
  }
  if (error) {
    const Refusal why = refusal_of(error);
    co_await refuse(why);
    co_return false;
  }

  HttpRequest request = read_head(parser);
  const bool chunks = parser.get().version() >= 11;
  const bool keep_alive = parser.keep_alive() && !server_->draining();
  const bool both = !request.header("content-length").empty() && !request.header("transfer-encoding").empty();
  if (both) {  // which a proxy may read otherwise than we do
    const Refusal& why = kTwoLengths;
    co_await refuse(why);
    co_return false;
  }
  std::optional<WholeResponse> refused = server_->handler().refuse(request);
  const bool has_body = !parser.is_done();
  if (refused) {
    const bool stays = keep_alive && !has_body;
    const bool with_body = request.method != "HEAD";
    WholeResponse& answer = *refused;
    const auto sent = co_await send_whole(answer, stays, with_body);
    co_return sent&& stays;
  }
  if (has_body) {
    if (request.header("expect") == "100-continue") {
      const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto sent = co_await send(go_on);
      if (!sent) co_return false;
    }
    const auto read = co_await read_body(parser);
    if (!read) co_return false;
  }
  request.body = std::move(parser.get().body());
  const auto sent = co_await respond(request, keep_alive, chunks);
  co_return sent&& keep_alive && !server_->draining();
}

asio::awaitable<bool> Connection::read_body(Parser& parser) {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const HttpLimits& limits = server_->limits();
  const auto begin = Clock::now();
  std::size_t received = 0;
  while (!parser.is_done()) {
    const HttpLimits::Seconds allowed(static_cast<double>(received) / limits.body_rate);
    {
      const Deadline deadline(stream_, begin + in_clock(limits.header + allowed));
      const auto count = co_await http::async_read_some(channel_, buffer_, parser, token);
      received += count;
      error = deadline.reason(error);
    }
    if (!error) continue;
    const Refusal why = refusal_of(error);
    co_await refuse(why);
    co_return false;
  }
  co_return true;
}

// Until somebody wakes us, or for a moment.
asio::awaitable<void> Connection::sleep() {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if (woken_ || gone_) co_return;
  wait_.expires_after(channel_.has_tls() ? kLook / 5 : kLook);
  co_await wait_.async_wait(token);
  if (channel_.has_tls() && has_hung_up()) gone_ = true;
}

asio::awaitable<bool> Connection::respond(const HttpRequest& request, bool keep_alive, bool chunks) {
  const auto waker = std::make_shared<Waker>(server_->context(), weak_from_this());
  const Wake wake = [waker] { waker->wake(); };
  const bool with_body = request.method != "HEAD";
  HttpHandler& handler = server_->handler();
  watch();
  if (handler.is_quick(request)) {
    answer_ = handler.answer(request, wake);
  } else {
    work_ = std::make_shared<Work>();
    asio::post(server_->workers(), [work = work_, wake, request, &handler] {
      work->answer = handler.answer(request, wake);
      work->done = true;
      wake();
    });
    while (!work_->done && !gone_) {
      co_await sleep();
      woken_ = false;
    }
    if (!gone_) answer_ = std::move(work_->answer);
    work_.reset();  // a worker that is not done drops what it makes
    if (gone_) co_return false;
  }

  bool streams = false, told = false;
  for (;;) {
    woken_ = false;
    if (cut_ && !std::exchange(told, true)) answer_->cut();
    Piece piece = answer_->advance();
    if (piece.last) answer_.reset();
    if (gone_) co_return false;
    if (piece.head && piece.last) {
      stop_watching();
      WholeResponse whole{std::move(*piece.head), std::move(piece.bytes)};
      const auto sent = co_await send_whole(whole, keep_alive, with_body);
      co_return sent;
    }
    std::string bytes;
    if (piece.head) {
      streams = true;
      keep_alive = keep_alive && chunks;
      bytes = head_bytes(*piece.head, keep_alive, std::nullopt, chunks);
    }
    if (streams && chunks && !piece.bytes.empty())
      bytes += fmt::format("{:x}\r\n{}\r\n", piece.bytes.size(), piece.bytes);
    if (streams && !chunks) bytes += piece.bytes;
    if (piece.last && chunks) bytes += "0\r\n\r\n";
    if (!bytes.empty()) {
      const auto sent = co_await send(bytes);
      if (!sent) co_return false;
    }
    if (piece.last) {
      stop_watching();
      co_return keep_alive;
    }
    if (!bytes.empty()) continue;
    co_await sleep();
  }
}

asio::awaitable<bool> Connection::send_whole(WholeResponse& answer, bool keep_alive, bool with_body) {
  std::string bytes = head_bytes(answer.head, keep_alive, answer.body.size(), false);
  if (with_body) bytes += answer.body;
  const auto sent = co_await send(bytes);
  co_return sent;
}

asio::awaitable<bool> Connection::send(const std::string& bytes) {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  for (std::size_t at = 0; at < bytes.size();) {
    stream_.expires_after(in_clock(server_->limits().write));
    const asio::const_buffer next(bytes.data() + at, std::min(kWriteBytes, bytes.size() - at));
    const auto count = co_await asio::async_write(channel_, next, token);
    if (error || gone_) co_return false;
    at += count;
  }
  co_return true;
}

// While an answer is made: does the client still listen? One that has closed its side has gone.
void Connection::watch() {
  watching_ = true;
  stream_.socket().async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code error) {
    self->watching_ = false;
    if (error) return;
    char byte = 0;
    const ssize_t count = recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return;  // its next request
    self->gone_ = true;
    self->wait_.cancel();
    self->stream_.cancel();
  });
}

// With TLS a client's goodbye is bytes, as its next request is; but it closes its side behind them.
bool Connection::has_hung_up() {
  pollfd socket{.fd = stream_.socket().native_handle(), .events = POLLRDHUP, .revents = 0};
  return poll(&socket, 1, 0) > 0 && (socket.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void Connection::stop_watching() {
  if (watching_) stream_.socket().cancel();
}

}  // namespace

// ----------------------------------------------------------------------------------------------- the server, again

HttpServer::Impl::Impl(HttpServerOptions options, HttpHandler& handler)
    : options_(std::move(options)), handler_(handler), workers_(static_cast<std::size_t>(options_.workers)) {
  if (!options_.tls_certificate.empty()) read_certificate();
  error_code error;
  if (!options_.unix_socket.empty()) {
    std::error_code unknown;
    if (std::filesystem::is_socket(options_.unix_socket, unknown)) {
      // One that nobody listens on was left behind.
      asio::local::stream_protocol::socket trial(context_);
      trial.connect(options_.unix_socket, error);
      if (error) ::unlink(options_.unix_socket.c_str());
    }
    local_.emplace(context_);
    const asio::local::stream_protocol::endpoint endpoint(options_.unix_socket);
    local_->open(endpoint.protocol(), error);
    if (!error) local_->bind(endpoint, error);
    if (!error) local_->listen(asio::socket_base::max_listen_connections, error);
    if (error) throw Error(ErrorKind::unavailable, "cannot listen on {}: {}", options_.unix_socket, error.message());
    return;
  }
  const auto address = asio::ip::make_address(options_.host, error);
  if (error) throw Error(ErrorKind::usage, "--host is '{}': it must be an address such as 127.0.0.1", options_.host);
  tcp_.emplace(context_);
  const asio::ip::tcp::endpoint endpoint(address, static_cast<std::uint16_t>(options_.port));
  tcp_->open(endpoint.protocol(), error);
  if (!error) tcp_->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp_->bind(endpoint, error);
  if (!error) tcp_->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    throw Error(ErrorKind::unavailable, "cannot listen on {} port {}: {}", options_.host, options_.port,
                error.message());
  }
  port_ = tcp_->local_endpoint().port();
}

void HttpServer::Impl::read_certificate() {
#ifdef DECANT_TLS
  tls_.emplace(asio::ssl::context::tls_server);
  using Options = asio::ssl::context;
  error_code error;
  tls_->set_options(Options::default_workarounds | Options::no_sslv3 | Options::no_tlsv1 | Options::no_tlsv1_1, error);
  const auto check = [&](const std::string& path, const char* what) {
    if (error) throw Error(ErrorKind::data, "{} has no {} in PEM: {}", path, what, error.message());
  };
  tls_->use_certificate_chain_file(options_.tls_certificate, error);
  check(options_.tls_certificate, "certificate");
  tls_->use_private_key_file(options_.tls_key, asio::ssl::context::pem, error);
  check(options_.tls_key, "key of that certificate");
#else
  throw Error(ErrorKind::unavailable, "this decant was built without TLS: install libssl-dev and build it again");
#endif
}

int HttpServer::Impl::run() {
  if (tcp_) asio::co_spawn(context_, accept(*tcp_), asio::detached);
  if (local_) asio::co_spawn(context_, accept(*local_), asio::detached);
  asio::co_spawn(context_, await_signals(), asio::detached);
  context_.run();
  workers_.stop();
  workers_.join();
  for (Connection* each : connections_) each->drop();
  return signal_;
}

template <class Acceptor>
asio::awaitable<void> HttpServer::Impl::accept(Acceptor& acceptor) {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (acceptor.is_open()) {
    auto socket = co_await acceptor.async_accept(token);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // no more descriptors, for now
      error.clear();
      asio::steady_timer pause(context_, std::chrono::milliseconds(50));
      co_await pause.async_wait(token);
      continue;
    }
    std::string address;
    bool loopback = true;
    if constexpr (std::is_same_v<Acceptor, asio::ip::tcp::acceptor>) {
      const auto peer = socket.remote_endpoint(error);
      if (error) continue;
      address = peer.address().to_string();
      loopback = peer.address().is_loopback();
      socket.set_option(asio::ip::tcp::no_delay(true), error);
    }
    take(Protocol::socket(std::move(socket)), address, loopback);
  }
}

void HttpServer::Impl::take(Protocol::socket socket, const std::string& address, bool loopback) {
  const int most = loopback ? options_.limits.connections : options_.limits.connections_per_address;
  const bool full = count >= options_.limits.connections || by_address_[address] >= most;
  if (count >= 2 * options_.limits.connections) return;  // not even turned away
  ++by_address_[address];
  const auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), address, loopback);
  asio::co_spawn(context_, full ? connection->turn_away() : connection->serve(),
                 [connection](const std::exception_ptr&) {});
}

void HttpServer::Impl::enter(Connection* connection) {
  connections_.insert(connection);
  ++count;
}

void HttpServer::Impl::leave(Connection* connection, const std::string& address) {
  connections_.erase(connection);
  --count;
  const auto at = by_address_.find(address);
  if (at != by_address_.end() && --at->second == 0) by_address_.erase(at);
  end_if_done();
}

asio::awaitable<void> HttpServer::Impl::await_signals() {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto first = co_await signals_.async_wait(token);
  if (error) co_return;
  drain(first);
  const auto second = co_await signals_.async_wait(token);
  if (error || second == 0) co_return;
  cut();
}

asio::awaitable<void> HttpServer::Impl::await_deadline() {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  deadline_.expires_after(in_clock(options_.limits.drain));
  co_await deadline_.async_wait(token);
  if (error) co_return;
  cut();
  // What does not even take its last word is left.
  deadline_.expires_after(std::chrono::milliseconds(500));
  co_await deadline_.async_wait(token);
  if (!error) context_.stop();
}

void HttpServer::Impl::drain(int signal) {
  if (draining_) return;
  draining_ = true;
  signal_ = signal;
  handler_.drain();
  error_code ignored;
  if (tcp_) tcp_->close(ignored);
  if (local_) {
    local_->close(ignored);
    ::unlink(options_.unix_socket.c_str());
  }
  asio::co_spawn(context_, await_deadline(), asio::detached);
  for (Connection* each : connections_) each->drain();
  end_if_done();
}

void HttpServer::Impl::cut() {
  if (cut_) return context_.stop();
  cut_ = true;
  for (Connection* each : std::set(connections_)) each->cut();
  deadline_.expires_after(std::chrono::milliseconds(100));
  deadline_.async_wait([this](error_code error) {
    if (!error) context_.stop();
  });
}

void HttpServer::Impl::end_if_done() {
  if (!draining_ || !connections_.empty()) return;
  error_code ignored;
  signals_.cancel(ignored);
  deadline_.cancel();
  context_.stop();
}

HttpServer::HttpServer(const HttpServerOptions& options, HttpHandler& handler)
    : impl_(std::make_shared<Impl>(options, handler)) {}

HttpServer::~HttpServer() = default;

int HttpServer::port() const { return impl_->port(); }
int HttpServer::connections() const { return impl_->count; }
int HttpServer::run() { return impl_->run(); }
void HttpServer::stop() {
  asio::post(impl_->context(), [impl = impl_] { impl->drain(0); });
}

bool is_loopback(const std::string& address) {
  error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  if (error) throw Error(ErrorKind::usage, "--host is '{}': it must be an address such as 127.0.0.1", address);
  return parsed.is_loopback();
}

}  // namespace decant
