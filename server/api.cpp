// Tested by tests/server/serve_test.py.
#include "server/api.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "base/utf8.h"
#include "server/api_error.h"
#include "server/openapi.h"
#include "server/prompts.h"

namespace decant {
namespace {

constexpr Route routes[] = {
    {"GET", "/health", "whether the server lives", &Api::health, true, true},
    {"GET", "/ready", "whether it takes requests", &Api::ready, true, true},
    {"GET", "/v1/models", "the models that are served", &Api::models, false, true},
    {"GET", "/v1/models/", "one of them", &Api::model, false, true},
    {"POST", "/v1/completions", "continues texts", &Api::completions},
    {"POST", "/v1/chat/completions", "answers a conversation", &Api::chat},
    {"POST", "/v1/responses", "answers a conversation, in OpenAI's newer notation", &Api::responses},
    {"POST", "/v1/decode", "one text, and of each of its tokens why it was chosen", &Api::decode},
    {"GET", "/", "a page where one watches texts being decided", &Api::page, true, true},
    {"POST", "/tokenize", "a text, or messages, as token ids", &Api::tokenize},
    {"POST", "/detokenize", "token ids as text", &Api::detokenize},
    {"GET", "/tokenizer_info", "special tokens and chat template", &Api::tokenizer_info},
    {"POST", "/apply-template", "messages as the text that a model reads", &Api::apply_template},
    {"GET", "/metrics", "counts, in the text format of Prometheus", &Api::metrics},
    {"GET", "/openapi.json", "this description", &Api::openapi, true},
};

const Route* find_route(std::string_view path) {
  const auto matches = [&](const Route& each) {
    const bool is_prefix = each.path.ends_with('/') && each.path.size() > 1;
    return is_prefix ? path.starts_with(each.path) && path.size() > each.path.size() : path == each.path;
  };
  const auto found = std::find_if(std::begin(routes), std::end(routes), matches);
  return found == std::end(routes) ? nullptr : &*found;
}

std::unique_ptr<Response> json_answer(const JsonWriter& json) { return whole({HttpHead{}, json.text()}); }

// Without port and brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

std::string decoded(std::string_view path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    unsigned byte = 0;
    const bool is_escape = path[i] == '%' && path.size() - i > 2;
    if (is_escape && std::from_chars(path.data() + i + 1, path.data() + i + 3, byte, 16).ptr == path.data() + i + 3) {
      text += static_cast<char>(byte);
      i += 2;
    } else {
      text += path[i];
    }
  }
  return text;
}

bool flag(const Json& body, const char* name, bool by_default) {
  if (!body.contains(name) || body[name].is_null()) return by_default;
  if (!body[name].is_boolean()) throw ApiError(400, fmt::format("{} must be true or false", name), name);
  return body[name].get<bool>();
}

std::string text_field(const Json& body, const char* name) {
  if (!body.contains(name) || !body[name].is_string())
    throw ApiError(400, fmt::format("{} must be a text", name), name);
  return body[name].get<std::string>();
}

std::string rendered(const Json& body, const LlamaFile& file) {
  ToolWishes wishes;
  read_tools(body.value("tools", Json()), wishes);
  return render_messages(read_messages(body.value("messages", Json())), file, wishes);
}

}  // namespace

std::span<const Route> Route::all() { return routes; }

bool same_key(std::string_view key, std::string_view given) {
  std::size_t difference = key.size() ^ given.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char own = key.empty() ? '\0' : key[i % key.size()];
    difference |= static_cast<unsigned char>(own ^ given[i]);
  }
  return difference == 0 && !key.empty();
}

Api::Api(ServedModels& models, ApiOptions options) : models_(models), options_(std::move(options)) {}

std::optional<Realm> Api::realm_of(const HttpRequest& request) const {
  if (options_.keys.empty()) return 0;
  std::string_view given = request.header("x-api-key");
  constexpr std::string_view bearer = "bearer ";
  const std::string_view authorization = request.header("authorization");
  const auto same_letter = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  const bool has_bearer =
      authorization.size() > bearer.size() && std::equal(bearer.begin(), bearer.end(), authorization.begin(),
                                                         [&](char want, char have) { return same_letter(have, want); });
  if (has_bearer) given = authorization.substr(bearer.size());
  Realm found = 0;
  for (std::size_t i = 0; i < options_.keys.size(); ++i) {  // all of them, always
    const Realm number = same_key(options_.keys[i], given) ? static_cast<Realm>(i + 1) : 0;
    found = std::max(found, number);
  }
  return found > 0 ? std::optional(found) : std::nullopt;
}

std::optional<WholeResponse> Api::refuse(const HttpRequest& head) {
  const auto refused = [](const ApiError& error) { return answer_of(error); };
  const std::string_view host = host_name(head.header("host"));
  if (!options_.hosts.empty() && std::find(options_.hosts.begin(), options_.hosts.end(), host) == options_.hosts.end())
    return refused({421, "the Host header names another server"});
  const Route* route = find_route(head.path);
  if (!route)
    return refused({404, fmt::format("there is nothing at {}: /openapi.json lists what there is", head.path)});
  const std::string_view method = head.method == "HEAD" ? "GET" : std::string_view(head.method);
  if (method != route->method) {
    WholeResponse answer = refused({405, fmt::format("{} takes {}", route->path, route->method)});
    answer.head.headers.emplace_back("Allow", route->method);
    return answer;
  }
  if (!route->open && !realm_of(head)) return refused({401, "a valid key is needed: Authorization: Bearer KEY"});
  // A page of another site may send a form or a text without asking first; JSON it may not.
  const std::string_view site = head.header("sec-fetch-site");
  if (!route->open && (site == "cross-site" || site == "same-site"))
    return refused({403, "pages of other sites may not ask this server"});
  if (route->method == "POST" && !head.header("content-type").starts_with("application/json"))
    return refused({415, "the body must be application/json"});
  if (route->method == "POST" && draining_) return refused({503, "the server is shutting down"});
  return std::nullopt;
}

bool Api::is_quick(const HttpRequest& request) const {
  const Route* route = find_route(request.path);
  return route && route->quick;
}

std::unique_ptr<Response> Api::answer(const HttpRequest& request, const Wake& wake) {
  try {
    return (this->*find_route(request.path)->serve)(request, wake);
  } catch (...) {
    return whole(answer_of(api_error(std::current_exception())));
  }
}

WholeResponse Api::failure(int status, std::string_view message) { return answer_of({status, std::string(message)}); }

// ---- texts

template <class Start>
Api::Served Api::texts(const HttpRequest& request, Endpoint endpoint, Start start) {
  ++metrics_.requests;
  try {
    TextRequest wanted = read_request(read_json(request.body), endpoint);
    wanted.realm = realm_of(request).value_or(0);
    if (wanted.from && wanted.model.empty()) {
      if (const auto earlier = kept_.find(wanted.from->id, wanted.realm)) wanted.model = earlier->model;
    }
    const auto model = models_.get(wanted.model);
    const auto earlier = wanted.from ? kept_.find(wanted.from->id, wanted.realm) : nullptr;
    complete(wanted.config, earlier ? earlier->chat : !wanted.messages.empty(), model->file());
    wanted.reader = models_.load_named(*model, wanted.config);
    return start(model, std::move(wanted));
  } catch (...) {
    ++metrics_.refused;
    throw;
  }
}

Api::Served Api::generated(const HttpRequest& request, Endpoint endpoint, const Wake& wake) {
  return texts(request, endpoint, [&](const auto& model, TextRequest wanted) {
    return generate(model, std::move(wanted), options_.limits, metrics_, wake);
  });
}

Api::Served Api::completions(const HttpRequest& request, const Wake& wake) {
  return generated(request, Endpoint::completions, wake);
}

Api::Served Api::chat(const HttpRequest& request, const Wake& wake) { return generated(request, Endpoint::chat, wake); }

Api::Served Api::responses(const HttpRequest& request, const Wake& wake) {
  return generated(request, Endpoint::responses, wake);
}

Api::Served Api::decode(const HttpRequest& request, const Wake& wake) {
  return texts(request, Endpoint::decode, [&](const auto& model, TextRequest wanted) {
    return decant::decode(model, std::move(wanted), options_.limits, metrics_, options_.make_tracer, kept_, wake);
  });
}

// ---- the server and its models

Api::Served Api::health(const HttpRequest&, const Wake&) {
  JsonWriter json;
  json.begin_object().field("status", "ok").end_object();
  return json_answer(json);
}

Api::Served Api::ready(const HttpRequest&, const Wake&) {
  if (draining_) return whole(answer_of({503, "the server is shutting down"}));
  JsonWriter json;
  json.begin_object().field("status", "ready").end_object();
  return json_answer(json);
}

namespace {

void write_model(JsonWriter& json, const std::string& name, const std::vector<std::shared_ptr<ServedModel>>& loaded) {
  const auto is_it = [&](const auto& each) { return each->name() == name; };
  const auto model = std::find_if(loaded.begin(), loaded.end(), is_it);
  json.begin_object().field("id", std::string_view(name)).field("object", "model").field("created", 0);
  json.field("owned_by", "decant").field("loaded", model != loaded.end());
  if (model != loaded.end()) {
    const ModelInfo& info = (*model)->info();
    json.field("max_model_len", info.n_context).field("cells", info.n_cells).field("vocab_size", info.n_vocab);
    json.field("layers", info.n_layer).field("chat", (*model)->file().chat_template() != nullptr);
  }
  json.end_object();
}

}  // namespace

Api::Served Api::models(const HttpRequest&, const Wake&) {
  const auto loaded = models_.loaded();
  JsonWriter json;
  json.begin_object().field("object", "list").key("data").begin_array();
  for (const std::string& name : models_.names()) write_model(json, name, loaded);
  json.end_array().end_object();
  return json_answer(json);
}

Api::Served Api::model(const HttpRequest& request, const Wake&) {
  const std::string name = decoded(std::string_view(request.path).substr(std::string_view("/v1/models/").size()));
  const std::vector<std::string> names = models_.names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw ApiError(404, fmt::format("there is no model {}", name), "model", "model_not_found");
  JsonWriter json;
  write_model(json, name, models_.loaded());
  return json_answer(json);
}

std::shared_ptr<ServedModel> Api::named(const Json& body) {
  return models_.get(body.contains("model") && !body["model"].is_null() ? text_field(body, "model") : "");
}

// ---- tokens. The fields are vLLM's and llama.cpp's; "prompt" is the one's and "content" the other's, and with it goes
// whether a BOS is added if nothing is said of that.

Api::Served Api::tokenize(const HttpRequest& request, const Wake&) {
  const Json body = read_json(request.body);
  const auto model = named(body);
  const LlamaVocab& vocab = model->file().vocab();
  const bool is_content = body.contains("content");
  const bool special = flag(body, "add_special_tokens", flag(body, "add_special", !is_content));
  const bool parse = flag(body, "parse_special", true);
  const bool pieces = flag(body, "with_pieces", false), texts = flag(body, "return_token_strs", false);
  std::vector<Token> tokens;
  if (body.contains("messages")) {
    tokens = read_prompt_text(rendered(body, model->file()), model->file()).tokens;
  } else {
    tokens = vocab.tokenize(text_field(body, is_content ? "content" : "prompt"), parse, special);
  }
  JsonWriter json;
  json.begin_object().field("count", tokens.size()).field("max_model_len", model->info().n_context);
  json.key("tokens").begin_array();
  for (const Token token : tokens) {
    if (!pieces) {
      json.value(token);
    } else {
      json.begin_object().field("id", token).field("piece", vocab.bytes(token)).end_object();
    }
  }
  json.end_array().key("token_strs");
  if (texts) {
    json.begin_array();
    for (const Token token : tokens) json.value(vocab.piece(token));
    json.end_array();
  } else {
    json.value(nullptr);
  }
  json.end_object();
  return json_answer(json);
}

Api::Served Api::detokenize(const HttpRequest& request, const Wake&) {
  const Json body = read_json(request.body);
  const auto model = named(body);
  const LlamaVocab& vocab = model->file().vocab();
  const Json tokens = body.value("tokens", Json());
  if (!tokens.is_array()) throw ApiError(400, "tokens must be a list of token ids", "tokens");
  std::string text;
  for (const Json& each : tokens) {
    const bool fits = each.is_number_integer() && each >= 0 && each < vocab.size();
    if (!fits) throw ApiError(400, fmt::format("tokens must be ids from 0 to {}", vocab.size() - 1), "tokens");
    const auto token = each.get<Token>();
    const std::string_view bytes = vocab.bytes(token);
    text += bytes.empty() ? vocab.piece(token) : bytes;
  }
  JsonWriter json;
  json.begin_object().field("prompt", std::string_view(text)).field("content", std::string_view(text)).end_object();
  return json_answer(json);
}

Api::Served Api::tokenizer_info(const HttpRequest&, const Wake&) {
  const auto model = models_.get("");
  const LlamaFile& file = model->file();
  const LlamaVocab& vocab = file.vocab();
  const auto text_or_null = [](JsonWriter& json, std::string_view name, std::string_view text) {
    json.key(name);
    text.empty() ? json.value(nullptr) : json.value(text);
  };
  JsonWriter json;
  json.begin_object().field("tokenizer_class", "decant").field("model", std::string_view(model->name()));
  text_or_null(json, "bos_token", vocab.bos_text());
  text_or_null(json, "eos_token", vocab.eos_text());
  text_or_null(json, "pad_token", vocab.eos_text());
  text_or_null(json, "chat_template", file.chat_template() ? file.chat_template()->source() : "");
  json.field("add_bos_token", vocab.adds_bos()).field("model_max_length", model->info().n_context);
  json.field("vocab_size", vocab.size()).end_object();
  return json_answer(json);
}

Api::Served Api::apply_template(const HttpRequest& request, const Wake&) {
  const Json body = read_json(request.body);
  const auto model = named(body);
  const std::string text = rendered(body, model->file());
  JsonWriter json;
  json.begin_object().field("prompt", std::string_view(text)).end_object();
  return json_answer(json);
}

// ---- watching

Api::Served Api::metrics(const HttpRequest&, const Wake&) {
  std::string page;
  metrics_.write(page);
  int live = 0, waiting = 0, kept = 0;
  std::string cells =
      "# HELP decant_cells_used positions of a model's cache that are in use\n# TYPE decant_cells_used gauge\n";
  std::string room = "# HELP decant_cells positions that it has\n# TYPE decant_cells gauge\n";
  const auto label = [](std::string_view name) {
    std::string text;
    for (const char c : name) text += c == '"' || c == '\\' || c == '\n' ? '_' : c;
    return text;
  };
  for (const auto& model : models_.loaded()) {
    const Engine::Load load = model->engine().load();
    live += load.live;
    waiting += load.waiting;
    kept += load.kept_texts;
    for (const auto& each : load.cells) {
      const std::string name = label(model->name() + (each.first.empty() ? "" : "/" + each.first));
      cells += fmt::format("decant_cells_used{{model=\"{}\"}} {}\n", name, each.second);
    }
    room += fmt::format("decant_cells{{model=\"{}\"}} {}\n", label(model->name()), model->info().n_cells);
  }
  write_metric(page, "decant_requests_running", "gauge", "requests that are being decoded", live);
  write_metric(page, "decant_requests_waiting", "gauge", "requests in line", waiting);
  write_metric(page, "decant_texts_kept", "gauge", "texts kept for those that begin like them", kept);
  page += cells + room;
  return whole({{.type = "text/plain; version=0.0.4"}, page});
}

// The page of the reports, with what a server has in the place of a trace. Its policy lets it ask us, and nobody else.
Api::Served Api::page(const HttpRequest&, const Wake&) {
  constexpr std::string_view place = "@DATA@", policy = "default-src 'none'";
  std::string page(options_.page);
  const std::size_t data = page.find(place), rule = page.find(policy);
  if (data == page.npos || rule == page.npos) throw ApiError(404, "this server has no page");
  page.replace(data, place.size(), R"({"serve":true})");
  page.insert(rule + policy.size(), "; connect-src 'self'");
  HttpHead head{.type = "text/html; charset=utf-8"};
  head.headers = {{"Content-Security-Policy", "frame-ancestors 'none'; require-trusted-types-for 'script'"},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"},
                  {"Cross-Origin-Opener-Policy", "same-origin"},
                  {"Cache-Control", "no-cache"}};
  return whole({std::move(head), std::move(page)});
}

Api::Served Api::openapi(const HttpRequest&, const Wake&) { return whole({HttpHead{}, openapi_text(models_.names())}); }

}  // namespace decant
