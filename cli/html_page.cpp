// Tested by tests/cli/line_plot_test.cpp.
#include "cli/html_page.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/output.h"

namespace decant {
namespace {

// The colours of the trace's report (web/src/style/tokens.css).
constexpr std::string_view style = R"(
:root{color-scheme:light dark;--surface:#ffffff;--raised:#f4f5f7;--line:#d9dde3;--edge:#858d99;--ink:#1a1d23;--quiet:#5c6470;
--accent:#1d5fd1;--accent-surface:#e8f0fd;--s0:#0b7285;--s1:#b35900;--s2:#7a3fb5;--s3:#5c7a00;--s4:#c2255c;--s5:#4c5a75}
@media(prefers-color-scheme:dark){:root{--surface:#14171c;--raised:#1c2027;--line:#323843;--edge:#7d8694;--ink:#e8eaee;
--quiet:#9aa3b0;--accent:#7fb0ff;--accent-surface:#1b2a44;--s0:#4cc3d9;--s1:#f0a04b;--s2:#b79bf0;--s3:#a9c34f;--s4:#f28ab2;--s5:#aab4d0}}
*{box-sizing:border-box}
html{background:var(--surface);color:var(--ink);font:400 16px/24px system-ui,-apple-system,"Segoe UI","Helvetica Neue","Noto Sans","DejaVu Sans",sans-serif}
body{max-width:1680px;margin:0 auto;padding:24px 32px 48px}
h1,h2,h3,p,figure{margin:0}
h1,h2,h3{font-size:16px;font-weight:600;overflow-wrap:anywhere}
section{margin-top:48px}
.quiet,figcaption,caption,dt{color:var(--quiet)}
.text{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}
.prompt{border-left:2px solid var(--line);padding-left:16px;margin:8px 0 16px}
.columns{display:grid;gap:24px;grid-template-columns:repeat(auto-fit,minmax(min(280px,100%),1fr));margin:16px 0}
.columns>article{border-top:1px solid var(--line);padding-top:8px}
.parts{background:var(--accent-surface);color:var(--accent);border-radius:2px;box-shadow:0 0 0 1px var(--accent-surface)}
mark{background:none;color:inherit;text-decoration:underline;text-decoration-color:var(--edge);text-underline-offset:4px}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;line-height:16px;font-variant-numeric:tabular-nums}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--line);font-weight:400;vertical-align:top}
thead th{color:var(--quiet);vertical-align:bottom}
th.name,td.name{text-align:left;overflow-wrap:anywhere;max-width:480px}
tr>:first-child{padding-left:0}
.plots{display:grid;gap:32px;grid-template-columns:repeat(auto-fit,minmax(min(360px,100%),1fr));margin-top:16px}
svg{display:block;width:100%;height:auto;font-size:12px}
svg text{fill:var(--quiet)}
svg .axis{stroke:var(--line);stroke-width:1}
svg .line{fill:none;stroke-width:2}
.key{display:flex;flex-wrap:wrap;gap:4px 24px;margin-top:8px;font-size:13px;line-height:16px}
.key svg{display:inline-block;width:24px;height:12px;vertical-align:middle;margin-right:8px}
summary{cursor:pointer}
details{margin-top:8px}
@media(max-width:640px){body{padding:16px}}
@media print{details{break-inside:avoid}}
)";

}  // namespace

std::string html_text(std::string_view bytes) {
  Utf8Buffer utf8;
  std::string text;
  for (const char each : without_controls(utf8.push(bytes) + utf8.flush())) {
    switch (each) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      case '\'':
        text += "&#39;";
        break;
      default:
        text += each;
    }
  }
  return text;
}

std::string html_page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri "
      "'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      html_text(title), style, body);
}

}  // namespace decant
