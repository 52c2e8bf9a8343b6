"""A program of a user's: what mypy must find nothing wrong with (typed_test.py)."""

import decant

model = decant.Model("smollm2", threads=2)
result = model.generate("Hello", temperature=0.8, top_p=0.9, num_return_sequences=2, trace=True)
print(result.text.upper(), result.ids[0] + 1, sum(result.logprobs), result.sequences[1].finish_reason)
for piece in model.generate("Hello", stream=True, temperature=0.5):
    print(piece.token, piece)
many = model.generate(["a", "b"], num_beams=4)
print([each.text for each in many])
print(model.logits("a").shape, model.score("a", "b").is_greedy)
