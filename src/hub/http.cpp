#include "hub/http.h"

#include <curl/curl.h>

#include <memory>

#include "base/error.h"
#include "base/shared_library.h"

namespace decant {
namespace {

constexpr long kConnectSeconds = 20, kStalledSeconds = 30, kMostRedirects = 8;

// What of libcurl is used.
struct Curl {
  Curl() : library({"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"}) {
    if (!library)
      throw Error(ErrorKind::unavailable, "models are fetched with libcurl, which is not installed: install libcurl4");
    easy_init = library.function<decltype(easy_init)>("curl_easy_init");
    easy_setopt = library.function<decltype(easy_setopt)>("curl_easy_setopt");
    easy_perform = library.function<decltype(easy_perform)>("curl_easy_perform");
    easy_getinfo = library.function<decltype(easy_getinfo)>("curl_easy_getinfo");
    easy_cleanup = library.function<decltype(easy_cleanup)>("curl_easy_cleanup");
    easy_strerror = library.function<decltype(easy_strerror)>("curl_easy_strerror");
    library.function<decltype(&curl_global_init)>("curl_global_init")(CURL_GLOBAL_DEFAULT);
  }

  SharedLibrary library;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_perform) easy_perform;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_strerror) easy_strerror;
};

const Curl& curl() {
  static const Curl functions;
  return functions;
}

// One transfer, as its callback sees it.
struct Transfer {
  const HttpRequest& request;
  CURL* handle;
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  const auto& [request, handle] = *static_cast<const Transfer*>(transfer);
  long status = 0;
  curl().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return request.take(status, {bytes, size * count}) ? size * count : 0;
}

}  // namespace

HttpReply http_get(const HttpRequest& request) {
  const Curl& lib = curl();
  const std::unique_ptr<CURL, decltype(lib.easy_cleanup)> owner(lib.easy_init(), lib.easy_cleanup);
  CURL* const handle = owner.get();
  if (!handle) throw std::bad_alloc();
  char reason[CURL_ERROR_SIZE] = "";
  const Transfer transfer{request, handle};
  const auto set = [&](CURLoption option, auto value) { lib.easy_setopt(handle, option, value); };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_USERAGENT, "decant");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kMostRedirects);
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http,https");
#else
  set(CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
  set(CURLOPT_REDIR_PROTOCOLS, request.url.starts_with("https:") ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  if (!request.token.empty()) {  // libcurl gives it to the first host and port only
    set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    set(CURLOPT_XOAUTH2_BEARER, request.token.c_str());
  }
  const std::string rest = fmt::format("{}-", request.from);
  if (request.from > 0) set(CURLOPT_RANGE, rest.c_str());
  set(CURLOPT_WRITEFUNCTION, take);
  set(CURLOPT_WRITEDATA, &transfer);
  const CURLcode code = lib.easy_perform(handle);
  HttpReply reply;
  lib.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
  if (code != CURLE_OK) reply.failure = *reason ? reason : lib.easy_strerror(code);
  curl_off_t seconds = 0;
  lib.easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds);
  if (seconds > 0) reply.retry_after = static_cast<long>(seconds);
  return reply;
}

}  // namespace decant
