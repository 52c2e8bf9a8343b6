// The engine's parts, each by itself.
#include <gtest/gtest.h>

#include <thread>

#include "engine/admission.h"
#include "engine/cost.h"
#include "engine/mailbox.h"
#include "engine/prefixes.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

Cost cost_with(GenerationConfig config, int prompt = 10, int negative = 0, int longest = 1000) {
  return cost_of(config, resolve_strategy(config).room(config), prompt, negative, longest);
}

TEST(Cost, CountsWhatATextCanComeTo) {
  GenerationConfig config;
  config.max_new_tokens = 20;
  EXPECT_EQ(cost_with(config).cells, 10 + 20 + 2);
  EXPECT_EQ(cost_with(config).branches, 1);
  EXPECT_EQ(cost_with(config, 10, 0, 15).cells, 10 + 5 + 2) << "no longer than the model reads";
  config.guidance_scale = 1.5;
  EXPECT_EQ(cost_with(config, 10, 7).cells, 10 + 7 + 40 + 2);
  EXPECT_EQ(cost_with(config, 10, 7).branches, 2);
  config.guidance_scale = 1;
  config.num_beams = 4;
  EXPECT_EQ(cost_with(config).cells, 10 + 4 * 20 + 2);
  EXPECT_EQ(cost_with(config).branches, 4);
  config.num_beams = 1;
  config.penalty_alpha = .6;
  config.top_k = 4;
  EXPECT_EQ(cost_with(config).cells, 10 + 20 + 2 + 64);
  EXPECT_EQ(cost_with(config).branches, 1 + 64);
  config.max_new_tokens = std::numeric_limits<int>::max();
  EXPECT_EQ(cost_with(config, 10, 0, std::numeric_limits<int>::max()).cells, 1 << 30) << "no overflow";
}

TEST(Cost, AFurtherModelReadsWhatIsKept) {
  GenerationConfig config;
  config.max_new_tokens = 20;
  config.amateur = "small";
  const Room room = resolve_strategy(config).room(config);
  EXPECT_EQ(cost_of_further(config, room, 10, 0, 1000).cells, 10 + 20 + 2);
  EXPECT_EQ(cost_of_further(config, room, 10, 0, 1000).branches, 1);
}

TEST(CostsAtOnce, AreTheLargestOfThoseThatCanLiveTogether) {
  CostsAtOnce costs(2);
  for (const int cells : {5, 30, 7, 20}) costs.add({.cells = cells, .branches = 100 - cells});
  EXPECT_EQ(costs.sum().cells, 50);
  EXPECT_EQ(costs.sum().branches, 95 + 93);
}

TEST(Admission, NeverPromisesMoreThanThereIs) {
  Admission admission;
  admission.add(0, 100);
  admission.add(3, 10);
  const std::vector<Promise> both = {{0, 40}, {3, 6}}, one = {{0, 60}};
  ASSERT_TRUE(admission.fits(both));
  admission.take(both);
  EXPECT_FALSE(admission.fits(both)) << "the second model is full";
  ASSERT_TRUE(admission.fits(one));
  admission.take(one);
  EXPECT_FALSE(admission.fits({{0, 1}}));
  admission.give_back(both);
  EXPECT_TRUE(admission.fits(both));
}

TEST(Prefixes, TheOldestGoesFirst) {
  PrefixTree tree;
  Prefixes prefixes(2);
  const auto is_alive = [&](Token token) {
    const int before = tree.live_nodes();
    const Node node = tree.root().child(token);
    return tree.live_nodes() == before;
  };
  prefixes.keep(tree.root().child(1));
  prefixes.keep(tree.root().child(2));
  prefixes.keep(tree.root().child(1));  // again: the latest
  prefixes.keep(tree.root().child(3));
  EXPECT_TRUE(is_alive(1));
  EXPECT_FALSE(is_alive(2));
  EXPECT_TRUE(prefixes.drop_oldest());
  EXPECT_FALSE(is_alive(1));
  EXPECT_TRUE(is_alive(3));
  EXPECT_TRUE(prefixes.drop_oldest());
  EXPECT_FALSE(prefixes.drop_oldest());
  Prefixes none(0);
  none.keep(tree.root().child(1));
  EXPECT_EQ(none.count(), 0);
}

TEST(Mailbox, SaysWhenItIsFullAndWhenHalfOfItIsRead) {
  Mailbox box(4, std::make_shared<Bell>());
  for (Token token = 0; token < 3; ++token) EXPECT_TRUE(box.put(TokenEvent{0, token, ""}));
  EXPECT_FALSE(box.put(TokenEvent{0, 3, ""}));
  EXPECT_FALSE(box.put(TokenEvent{0, 4, ""})) << "let in all the same";
  EXPECT_FALSE(box.was_half_emptied());
  for (Token token = 0; token < 3; ++token) EXPECT_EQ(std::get<TokenEvent>(*box.take()).token, token);
  EXPECT_TRUE(box.was_half_emptied());
  EXPECT_FALSE(box.was_half_emptied()) << "once";
  EXPECT_TRUE(box.put(TokenEvent{0, 5, ""}));
  box.close();
  EXPECT_FALSE(box.closed()) << "there is more to read";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(box.take());
  EXPECT_FALSE(box.take());
  EXPECT_TRUE(box.closed());
}

TEST(Bell, WakesWhoeverWaits) {
  Bell bell;
  const std::uint64_t seen = bell.count();
  EXPECT_EQ(bell.wait(seen, std::chrono::milliseconds(1)), seen);
  std::thread other([&] { bell.ring(); });
  EXPECT_EQ(bell.wait(seen, std::chrono::hours(1)), seen + 1);
  other.join();
  EXPECT_EQ(bell.wait(seen, std::chrono::hours(1)), seen + 1) << "it rang before";
}

}  // namespace
}  // namespace decant
