// decant serve: every strategy behind OpenAI's API.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/sources.h"
#include "cli/web_page.h"
#include "options/table.h"
#include "server/api.h"
#include "server/http_server.h"

namespace decant {
namespace {

struct Options {
  ModelOptions model;
  Sources sources;
  HttpServerOptions http;
  std::string name;
  std::vector<std::string> more, hosts;
  std::optional<std::string> key_file;
  double unload_after = 600, queue_timeout = 60, shutdown_timeout = 30;
  int max_live = 64, max_waiting = 256;
  bool insecure = false, quiet = false;
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant serve", "Answer requests over HTTP: OpenAI's API, with every option of decant run beside it.",
              "Example: decant serve --port 8080 --model-name smollm2");
  const auto own = [&](const char* names, auto& value, const char* doc, const char* type, const char* group) {
    flags.own(names, value, doc).type(type).group(group);
  };
  own("--host", options.http.host, "the address to listen on [127.0.0.1]", "ADDRESS", "Server");
  own("--port", options.http.port, "the port, 0 for any that is free [8080]", "N", "Server");
  own("--unix-socket", options.http.unix_socket, "listen on this socket instead of an address", "PATH", "Server");
  own("--api-key-file", options.key_file, "keys of those who may ask, one in each line; DECANT_API_KEY is one too",
      "FILE", "Server");
  own("--tls-certificate", options.http.tls_certificate, "speak TLS: the certificate and those that sign it, in PEM",
      "FILE", "Server");
  own("--tls-key", options.http.tls_key, "its key, in PEM", "FILE", "Server");
  own("--allowed-host", options.hosts, "a name by which clients may know this server; may be repeated", "NAME",
      "Server");
  flags.own("--insecure-no-auth", options.insecure, "let everybody ask who can reach an address of the network")
      .group("Server");
  own("--max-live", options.max_live, "requests that are decoded at a time [64]", "N", "Server");
  own("--max-waiting", options.max_waiting, "requests in line; one more is refused [256]", "N", "Server");
  own("--queue-timeout", options.queue_timeout, "seconds that a request may wait in line [60]", "X", "Server");
  own("--shutdown-timeout", options.shutdown_timeout, "seconds for what is under way at the end [30]", "X", "Server");
  own("--max-connections", options.http.limits.connections, "connections at a time [4096]", "N", "Server");
  own("--model-name", options.name, "what requests call the model; else its file's name", "NAME", "Model");
  own("--also", options.more, "a further model, loaded at first use; may be repeated", "NAME=FILE", "Model");
  own("--unload-after", options.unload_after, "seconds after which an unused model is let go, 0 is never [600]", "X",
      "Model");
  flags.own("--quiet", options.quiet, "nothing on standard error but errors").group("Output");
  add_source_flags(flags, options.sources, options.model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  // What a request does not say is built-in, whoever runs the server.
  take_from_sources(options.sources, options.model, options.quiet);
  return true;
}

std::vector<std::string> read_keys(const Options& options) {
  std::vector<std::string> keys;
  const auto add = [&](std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) keys.emplace_back(line);
  };
  if (const char* key = std::getenv("DECANT_API_KEY")) add(key);
  if (options.key_file) {
    const Input input(*options.key_file, "key file", 1 << 20);
    std::string_view text = input.bytes();
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      add(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (keys.empty()) throw Error(ErrorKind::data, "{} has no key: write one in each line", *options.key_file);
  }
  return keys;
}

void check(const Options& options, bool has_keys) {
  const auto at_least = [](const char* name, double value, double least) {
    if (value < least) throw Error(ErrorKind::usage, "{} is {}: it must be at least {}", name, value, least);
  };
  if (options.http.port < 0 || options.http.port > 65535)
    throw Error(ErrorKind::usage, "--port is {}: it must be a number from 0 to 65535", options.http.port);
  if (options.http.tls_certificate.empty() != options.http.tls_key.empty())
    throw Error(ErrorKind::usage, "--tls-certificate and --tls-key go together: give both");
  at_least("--max-live", options.max_live, 1);
  at_least("--max-waiting", options.max_waiting, 0);
  at_least("--queue-timeout", options.queue_timeout, 0);
  at_least("--shutdown-timeout", options.shutdown_timeout, 0);
  at_least("--max-connections", options.http.limits.connections, 1);
  at_least("--unload-after", options.unload_after, 0);
  if (!options.http.unix_socket.empty() || has_keys || options.insecure || is_loopback(options.http.host)) return;
  throw Error(ErrorKind::usage,
              "{} can be reached by others, and nothing says who may ask: give --api-key-file, or --insecure-no-auth",
              options.http.host);
}

std::vector<NamedModel> named_models(const Options& options) {
  std::string name = options.name;
  if (name.empty()) name = std::filesystem::path(options.model.model).stem().string();
  std::vector<NamedModel> models = {{name, options.model.model}};
  for (const std::string& each : options.more) {
    const std::size_t equals = each.find('=');
    if (equals == 0 || equals == each.npos || equals + 1 == each.size())
      throw Error(ErrorKind::usage, "--also is '{}': it must be NAME=FILE", each);
    models.push_back({each.substr(0, equals), each.substr(equals + 1)});
  }
  return models;
}

// By which names a browser may know us: without a list of them a page whose name is made to point here could ask.
std::vector<std::string> allowed_hosts(const Options& options, bool has_keys) {
  if (!options.http.unix_socket.empty()) return {};
  if (has_keys && options.hosts.empty() && !is_loopback(options.http.host)) return {};
  std::vector<std::string> hosts = options.hosts;
  for (const char* each : {"localhost", "127.0.0.1", "::1"}) hosts.emplace_back(each);
  hosts.push_back(options.http.host);
  return hosts;
}

std::unique_ptr<RunObserver> make_tracer(TraceLine write, const Vocab& vocab, TracedRun run) {
  RunInfo info;
  info.model = std::move(run.model);
  info.strategy = std::move(run.strategy);
  info.config = std::move(run.config);
  info.prompt = std::move(run.prompt.tokens);
  info.prompt_text = std::move(run.prompt.text);
  info.healed = std::move(run.prompt.healed);
  return std::make_unique<TraceWriter>(std::move(write), vocab, std::move(info));
}

}  // namespace

int serve_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  const std::vector<std::string> keys = read_keys(options);
  check(options, !keys.empty());
  options.http.limits.drain = HttpLimits::Seconds(options.shutdown_timeout);

  const auto load = [&](const std::string& path, bool only_drafts) {
    ModelOptions model = options.model;
    model.model = path;
    return load_model(model, options.quiet, only_drafts);
  };
  const EngineOptions engine{.prefill_chunk_size = options.model.prefill_chunk_size,
                             .max_live = static_cast<std::size_t>(options.max_live),
                             .max_waiting = static_cast<std::size_t>(options.max_waiting)};
  // The server outlives the models, whose engines wake it.
  std::optional<ServedModels> models;
  models.emplace(named_models(options), options.model, engine, load, options.unload_after);
  ApiOptions api_options{.keys = keys, .hosts = allowed_hosts(options, !keys.empty())};
  api_options.make_tracer = make_tracer;
  api_options.page = web_page();
  api_options.limits = {.longest_wait = options.queue_timeout};
  Api api(*models, std::move(api_options));
  HttpServer server(options.http, api);
  models->get("");
  if (!options.quiet) {
    const bool local = !options.http.unix_socket.empty();
    const bool v6 = options.http.host.find(':') != std::string::npos;
    const std::string_view scheme = options.http.tls_certificate.empty() ? "http" : "https";
    const std::string host = v6 ? "[" + options.http.host + "]" : options.http.host;
    tell(fmt::format("{} listens on {}\n", models->first(),
                     local ? options.http.unix_socket : fmt::format("{}://{}:{}", scheme, host, server.port())));
  }
  server.run();
  models.reset();
  return 0;
}

}  // namespace decant
