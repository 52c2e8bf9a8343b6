// An HTTP/1.1 server on Boost.Beast and Asio coroutines: one thread for all connections, some workers for what takes
// time. Nothing waits for ever: each phase of a connection has a deadline, and everything that a client sends a bound.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "server/http.h"

namespace decant {

struct HttpLimits {
  using Seconds = std::chrono::duration<double>;
  Seconds header{10};       // until a request's header is there
  Seconds idle{60};         // between two requests of a connection
  Seconds write{30};        // until the client takes more of an answer
  Seconds drain{30};        // at the end: for the requests that are under way
  double body_rate = 1024;  // bytes a second, at least, beyond the time of the header
  std::size_t header_bytes = 16 << 10;
  std::size_t body_bytes = 8 << 20;
  int connections = 4096;
  int connections_per_address = 64;  // but for this machine's own, from where a proxy comes
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";                  // a literal address
  int port = 8080;                                 // 0: any that is free
  std::string unix_socket = {};                    // a path: in place of an address
  std::string tls_certificate = {}, tls_key = {};  // PEM files: the chain, its key; none: no TLS
  HttpLimits limits = {};
  int workers = 2;
};

class HttpServer {
 public:
  // Listens at once. Throws Error: usage for an address that is none, unavailable for one that cannot be had or a
  // build without TLS, data for a certificate that is none.
  HttpServer(const HttpServerOptions& options, HttpHandler& handler);
  ~HttpServer();

  int port() const;         // 0 on a unix socket
  int connections() const;  // from any thread

  // Serves until stop(), SIGINT or SIGTERM, and until those who are being served have their answers, or the time to
  // drain is over; a second signal ends that time. Returns the signal, or 0.
  int run();
  void stop();  // from any thread

  class Impl;  // of http_server.cpp

 private:
  std::shared_ptr<Impl> impl_;
};

// Whether an address of a socket is one that only this machine reaches. Throws Error(usage) for what is no address.
bool is_loopback(const std::string& address);

}  // namespace decant
