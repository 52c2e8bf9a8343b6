// decant as a library: a model and a prompt in, text out.
#include <engine/engine.h>
#include <llama/open_model.h>

#include <cstdio>

int main(int argc, char** argv) try {
  using namespace decant;
  if (argc != 3) return 64;
  Engine engine;
  engine.load("model", [&] { return open_model({.model = argv[1], .threads = 1}, 512); });
  Job job;
  job.model = "model";
  job.config.max_new_tokens = 8;
  job.prompt = engine.model("model")->vocab().tokenize(argv[2], true, true);
  Ticket ticket = engine.submit(job);
  ticket.outcome().rethrow();
  std::puts(ticket.outcome().sequences[0].bytes.c_str());
} catch (const decant::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
