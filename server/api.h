// The server's routes: OpenAI's, those that its clients ask beside them, and our own.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "server/decode.h"
#include "server/generation.h"
#include "server/http.h"
#include "server/kept_answers.h"
#include "server/metrics.h"
#include "server/served_models.h"

namespace decant {

struct ApiOptions {
  std::vector<std::string> keys = {};   // none: everybody may ask
  std::vector<std::string> hosts = {};  // what a Host header may name; none: anything
  GenerationLimits limits = {};
  MakeTracer make_tracer = {};
  std::string_view page = {};  // at /: HTML with a content security policy of its own, and a place for data
};

class Api final : public HttpHandler {
 public:
  // `models` outlives it.
  Api(ServedModels& models, ApiOptions options);

  std::optional<WholeResponse> refuse(const HttpRequest& head) override;
  bool is_quick(const HttpRequest& request) const override;
  std::unique_ptr<Response> answer(const HttpRequest& request, const Wake& wake) override;
  WholeResponse failure(int status, std::string_view message) override;
  void drain() override { draining_ = true; }

  // ---- what the routes serve
  using Served = std::unique_ptr<Response>;
  Served health(const HttpRequest& request, const Wake& wake);
  Served ready(const HttpRequest& request, const Wake& wake);
  Served models(const HttpRequest& request, const Wake& wake);
  Served model(const HttpRequest& request, const Wake& wake);
  Served completions(const HttpRequest& request, const Wake& wake);
  Served decode(const HttpRequest& request, const Wake& wake);
  Served page(const HttpRequest& request, const Wake& wake);
  Served chat(const HttpRequest& request, const Wake& wake);
  Served responses(const HttpRequest& request, const Wake& wake);
  Served tokenize(const HttpRequest& request, const Wake& wake);
  Served detokenize(const HttpRequest& request, const Wake& wake);
  Served tokenizer_info(const HttpRequest& request, const Wake& wake);
  Served apply_template(const HttpRequest& request, const Wake& wake);
  Served metrics(const HttpRequest& request, const Wake& wake);
  Served openapi(const HttpRequest& request, const Wake& wake);

 private:
  template <class Start>
  Served texts(const HttpRequest& request, Endpoint endpoint, Start start);
  Served generated(const HttpRequest& request, Endpoint endpoint, const Wake& wake);
  std::shared_ptr<ServedModel> named(const Json& body);
  std::optional<Realm> realm_of(const HttpRequest& request) const;  // nothing: no valid key

  ServedModels& models_;
  ApiOptions options_;
  Metrics metrics_;
  KeptAnswers kept_;
  std::atomic<bool> draining_ = false;
};

// A row for each thing that can be asked.
struct Route {
  std::string_view method, path;  // a path that ends in / is the beginning of one
  std::string_view doc;
  std::unique_ptr<Response> (Api::*serve)(const HttpRequest&, const Wake&);
  bool open = false;   // without a key
  bool quick = false;  // on the server's own thread
  static std::span<const Route> all();
};

// Whether a key is what was given, in a time that says nothing of the key.
bool same_key(std::string_view key, std::string_view given);

}  // namespace decant
