// Tested by tests/llama/chat_template_test.cpp, tests/hostile/hostile_test.py.
#include "llama/chat_template.h"

#include <fcntl.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <json.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/process.h"

namespace decant {
namespace {

// -------------------------------------------------------------------------------------------------- steps, bounded

struct TooManySteps {};  // no std::exception: the engine would wrap it in where it happened

// Stands before every statement of a body.
struct Step : jinja::statement {
  explicit Step(int& left) : left_(left) { pos = 0; }
  std::string type() const override { return "Step"; }
  jinja::value execute_impl(jinja::context&) const override {
    if (--left_ < 0) throw TooManySteps();
    return jinja::mk_val<jinja::value_undefined>();
  }

 private:
  int& left_;
};

void count_steps(jinja::statements& body, int& left);

void count_steps_in(const jinja::statement_ptr& statement, int& left) {
  if (auto* each = dynamic_cast<jinja::if_statement*>(statement.get())) {
    count_steps(each->body, left);
    count_steps(each->alternate, left);
  } else if (auto* loop = dynamic_cast<jinja::for_statement*>(statement.get())) {
    count_steps(loop->body, left);
    count_steps(loop->default_block, left);
  } else if (auto* set = dynamic_cast<jinja::set_statement*>(statement.get())) {
    count_steps(set->body, left);
  } else if (auto* macro = dynamic_cast<jinja::macro_statement*>(statement.get())) {
    count_steps(macro->body, left);
  } else if (auto* filter = dynamic_cast<jinja::filter_statement*>(statement.get())) {
    count_steps(filter->body, left);
  } else if (auto* call = dynamic_cast<jinja::call_statement*>(statement.get())) {
    count_steps(call->body, left);
  }
}

void count_steps(jinja::statements& body, int& left) {
  jinja::statements counted;
  for (jinja::statement_ptr& statement : body) {
    count_steps_in(statement, left);
    counted.push_back(std::make_unique<Step>(left));
    counted.push_back(std::move(statement));
  }
  if (counted.empty()) counted.push_back(std::make_unique<Step>(left));  // an empty loop is one as well
  body = std::move(counted);
}

// ------------------------------------------------------------------------------------------------------- rendering

std::size_t bytes_of(std::span<const Message> messages) {
  std::size_t bytes = 0;
  for (const Message& each : messages) bytes += each.role.size() + each.content.size() + each.more.size();
  return bytes;
}

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::data, "the model's chat template could not be rendered: {}; --no-chat-template goes without",
              why);
}

std::string render_or_throw(std::string_view source, std::span<const Message> messages, const std::string& bos,
                            const std::string& eos, const std::string& tools) {
  common_json list = common_json::array();
  for (const Message& message : messages) {
    common_json fields = message.more.empty() ? common_json::object() : common_json::parse(message.more);
    fields["role"] = message.role;
    fields["content"] = message.content;
    list.push_back(std::move(fields));
  }
  jinja::lexer lexer;
  const auto tokens = lexer.tokenize(std::string(source));
  jinja::program program = jinja::parse_from_tokens(tokens);
  int left = kTemplateSteps;
  count_steps(program.body, left);
  jinja::context context{std::string(source)};
  common_json input{{"messages", list}, {"bos_token", bos}, {"eos_token", eos}, {"add_generation_prompt", true}};
  if (!tools.empty()) input["tools"] = common_json::parse(tools);
  jinja::global_from_json(context, input, false);
  jinja::runtime runtime(context);
  const jinja::value result = runtime.execute(program);
  return jinja::runtime::gather_string_parts(result)->as_string().str();
}

// Of the engine's drawing of the place ("While executing Filter at line 1, column 4 in source:\n...\nError: no"), "no
// at line 1, column 4"; of other messages the first line.
std::string in_one_line(std::string_view message) {
  constexpr std::string_view error = "\nError: ", place = " at line ";
  const std::size_t begin = message.rfind(error), at = message.find(place);
  if (begin != message.npos && at < begin) {
    const std::string_view line = message.substr(at, message.find(" in source", at) - at);
    std::string text = fmt::format("{}{}", message.substr(begin + error.size()), line);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }
  message.remove_prefix(std::min(message.find_first_not_of('\n'), message.size()));
  return std::string(message.substr(0, message.find('\n')));
}

// What went wrong, in words; or the text.
struct Rendered {
  std::string text;
  bool failed = false;
};

Rendered try_to_render(std::string_view source, std::span<const Message> messages, const std::string& bos,
                       const std::string& eos, const std::string& tools) {
  try {
    std::string text = render_or_throw(source, messages, bos, eos, tools);
    if (text.empty()) return {"it writes nothing", true};
    if (text.size() <= kTemplateBytes + 2 * (bytes_of(messages) + tools.size())) return {std::move(text)};
    return {fmt::format("it writes more than {} bytes", kTemplateBytes), true};
  } catch (const TooManySteps&) {
    return {fmt::format("it takes more than {} steps", kTemplateSteps), true};
  } catch (const std::exception& failure) {
    return {in_one_line(failure.what()), true};
  } catch (...) {  // {% break %} and {% continue %} outside a loop are exceptions of their own
    return {"it ends where it should not", true};
  }
}

// ------------------------------------------------------------------------------------------------- the conversation
//
// A conversation is its number of strings and the strings: source, bos, eos, tools, then role, content and further
// fields of each message. The answer is a byte, kText or kFailure, and a string. Numbers are 64 bits as they lie in
// memory, strings are their length and their bytes.

constexpr std::string_view kGreeting = "decant renders\n";
constexpr char kText = 't', kFailure = 'f';
constexpr int kOutOfMemory = 3;  // exit code

std::string framed(std::uint64_t number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::string framed(std::string_view text) { return framed(text.size()).append(text); }

std::string conversation(std::span<const std::string* const> head, std::span<const Message> messages) {
  std::string bytes = framed(head.size() + 3 * messages.size());
  for (const std::string* each : head) bytes += framed(*each);
  for (const Message& each : messages) (bytes += framed(each.role) += framed(each.content)) += framed(each.more);
  return bytes;
}

std::optional<std::uint64_t> read_number(Companion& companion) {
  const std::optional<std::string> bytes = companion.read(sizeof(std::uint64_t));
  if (!bytes) return std::nullopt;
  std::uint64_t number = 0;
  std::memcpy(&number, bytes->data(), sizeof number);
  return number;
}

// nullopt: it has ended.
std::optional<Rendered> ask(Companion& companion, std::string_view question) {
  if (!companion.write(question)) return std::nullopt;
  const std::optional<std::string> kind = companion.read(1);
  const std::optional<std::uint64_t> size = kind ? read_number(companion) : std::nullopt;
  std::optional<std::string> text = size ? companion.read(*size) : std::nullopt;
  if (!text) return std::nullopt;
  return Rendered{std::move(*text), (*kind)[0] != kText};
}

std::string why_it_ended(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory) {
    return fmt::format("it needs more than {} MB of memory", kTemplateMemory >> 20);
  }
  if (!WIFSIGNALED(status)) return "it does not come to an end";
  const int signal = WTERMSIG(status);
  if (signal == SIGINT || signal == SIGTERM) throw Error(ErrorKind::io, "interrupted");
  if (signal == SIGPROF) return fmt::format("it takes more than {} ms", kTemplateMilliseconds);
  if (signal == SIGSEGV) return "it is nested too deeply";
  return fmt::format("the program that renders it was ended by signal {}", signal);
}

// ---------------------------------------------------------------------------------------- in the program that renders

// False: nobody will ask again.
bool take(char* bytes, std::size_t size) {
  for (std::size_t have = 0; have < size;) {
    const ssize_t count = read(STDIN_FILENO, bytes + have, size - have);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    have += static_cast<std::size_t>(count);
  }
  return true;
}

std::uint64_t take_number() {
  std::uint64_t number = 0;
  if (!take(reinterpret_cast<char*>(&number), sizeof number)) _exit(0);
  return number;
}

void give(int output, std::string_view bytes) {
  if (write_all(output, bytes) != 0) _exit(0);
}

// From now on, for what the messages allow. Beyond it comes SIGPROF, of which the process dies.
void limit_time(std::size_t bytes) {
  const auto milliseconds = static_cast<long>(kTemplateMilliseconds * (1 + bytes / 1'000'000));
  const itimerval timer{.it_interval = {}, .it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void limit_memory([[maybe_unused]] std::size_t bytes) {
#ifndef DECANT_SANITIZED  // a sanitizer's own tables are larger
  const rlimit limit{kTemplateMemory + 64 * bytes, RLIM_INFINITY};
  setrlimit(RLIMIT_DATA, &limit);
#endif
}

void stand_alone() {
  // The stack is full long before the time is up, so that what is nested too deeply is always called so.
  const rlimit no_core = {0, 0}, stack = {2 << 20, 2 << 20};
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_STACK, &stack);
  for (const int signal : {SIGPROF, SIGSEGV, SIGABRT, SIGPIPE}) std::signal(signal, SIG_DFL);
  std::set_new_handler([] { _exit(kOutOfMemory); });
  std::set_terminate([] { _exit(1); });  // ggml's would start a debugger
}

}  // namespace

std::string render_chat(std::string_view source, std::span<const Message> messages, const std::string& bos,
                        const std::string& eos, const std::string& tools) {
  Rendered rendered = try_to_render(source, messages, bos, eos, tools);
  if (rendered.failed) refuse(rendered.text);
  return std::move(rendered.text);
}

ChatTemplate::ChatTemplate(std::string source, std::string bos, std::string eos, std::filesystem::path program)
    : source_(std::move(source)), bos_(std::move(bos)), eos_(std::move(eos)), program_(std::move(program)) {}

ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::render(std::span<const Message> messages, const std::string& tools) const {
  const std::lock_guard lock(mutex_);
  if (!companion_ && !program_.empty()) {
    constexpr std::chrono::minutes patience(10);  // the processor's time is limited; a machine may stand still for long
    companion_ =
        std::make_unique<Companion>(std::vector<std::string>{program_.string(), "probe", "--chat-template"}, patience);
    if (!companion_->found() || companion_->read(kGreeting.size()) != kGreeting) {
      companion_.reset();
      program_.clear();
    }
  }
  if (!companion_) return render_chat(source_, messages, bos_, eos_, tools);
  const std::string* const head[] = {&source_, &bos_, &eos_, &tools};
  std::optional<Rendered> rendered = ask(*companion_, conversation(head, messages));
  if (!rendered || rendered->failed) {
    const int status = std::exchange(companion_, nullptr)->end();
    refuse(rendered ? rendered->text : why_it_ended(status));
  }
  return std::move(rendered->text);
}

void answer_chat_templates() {
  const int output = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_RDWR);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, stream);
  stand_alone();
  give(output, kGreeting);
  for (;;) {
    std::vector<std::string> strings(take_number());
    if (strings.size() < 4) _exit(0);
    for (std::string& each : strings) {
      each.resize(take_number());
      if (!take(each.data(), each.size())) _exit(0);
    }
    std::vector<Message> messages;
    for (std::size_t i = 4; i + 2 < strings.size(); i += 3)
      messages.push_back({strings[i], strings[i + 1], strings[i + 2]});
    const std::size_t bytes = bytes_of(messages) + strings[3].size();
    limit_memory(bytes);
    limit_time(bytes);
    const Rendered rendered = try_to_render(strings[0], messages, strings[1], strings[2], strings[3]);
    const itimerval none{};
    setitimer(ITIMER_PROF, &none, nullptr);
    give(output, (rendered.failed ? kFailure : kText) + framed(rendered.text));
    if (rendered.failed) _exit(0);
  }
}

}  // namespace decant
