"""Processors and stopping criteria of the user's own."""

import numpy as np
import pytest

import decant


def test_a_function_of_arrays(micro):
    seen = []

    def only_even(ids, scores):
        seen.append((ids.shape, scores.shape))
        scores = scores + 0
        scores[:, 1::2] = -np.inf
        return scores

    result = micro.generate("abc", max_new_tokens=12, ignore_eos=True, logits_processor=only_even, trace=True)
    assert all(token % 2 == 0 for token in result.ids)
    n = len(result.prompt_ids)
    assert [tuple(map(int, each[0])) for each in seen] == [(1, n + i) for i in range(12)] and seen[0][1] == (1, micro.n_vocab)
    assert result.trace[0]["stages"][-1]["name"] == "only_even"


def test_it_stands_behind_the_edits_and_before_the_cuts(micro):
    seen = []

    def look(ids, scores):
        seen.append(np.asarray(scores + 0)[0])
        return scores

    micro.generate("abc", max_new_tokens=1, temperature=0.5, top_k=3, suppress_tokens=[5], seed=1, logits_processor=[look])
    assert seen[0][5] == -np.inf and np.isfinite(seen[0]).sum() == micro.n_vocab - 1


def test_wrong_answers(micro):
    with pytest.raises(decant.UsageError, match="returned 3 scores, and the vocabulary has"):
        micro.generate("a", max_new_tokens=2, logits_processor=lambda ids, scores: np.zeros(3))
    with pytest.raises(decant.Error):
        micro.generate("a", max_new_tokens=2, logits_processor=lambda ids, scores: scores * np.nan)
    with pytest.raises(decant.Error, match="no token|left|removes"):
        micro.generate("a", max_new_tokens=2, logits_processor=lambda ids, scores: scores - np.inf)


def test_allowed_tokens(micro):
    result = micro.generate("a", max_new_tokens=5, ignore_eos=True, prefix_allowed_tokens_fn=lambda batch, ids: [len(ids) % 7 + 10])
    assert result.ids == [(len(result.prompt_ids) + i) % 7 + 10 for i in range(5)]


def test_stopping_criteria(micro):
    whole = micro.generate("a", max_new_tokens=40, ignore_eos=True)
    asked = []

    def after_seven(ids, scores):
        asked.append(ids.shape[1])
        return ids.shape[1] >= len(whole.prompt_ids) + 7

    result = micro.generate("a", max_new_tokens=40, ignore_eos=True, stopping_criteria=[after_seven])
    assert result.ids == whole.ids[:7] and result.finish_reason == "stopping_criteria" and len(result.logprobs) == 7
    assert result.score == pytest.approx(sum(whole.logprobs[:7]), abs=1e-3)
    stream = micro.generate("a", max_new_tokens=40, ignore_eos=True, stopping_criteria=after_seven, stream=True)
    assert [each.token for each in stream if each.token is not None] == whole.ids[:7]
    several = micro.generate("a", max_new_tokens=30, ignore_eos=True, do_sample=True, seed=2, num_return_sequences=3, stopping_criteria=after_seven)
    assert [len(each.ids) for each in several.sequences] == [7, 7, 7]
    with pytest.raises(decant.UsageError, match="stopping_criteria"):
        micro.generate("a", num_beams=2, stopping_criteria=after_seven)


def test_forms_of_hugging_face(micro):
    def same(theirs, ours):
        more = {"max_new_tokens": 12, "ignore_eos": True}
        assert micro.generate("abc", **theirs, **more).ids == micro.generate("abc", **ours, **more).ids

    same({"bad_words_ids": [[5], [6, 7]]}, {"bad_words": ["[5]", "[6,7]"]})
    same({"sequence_bias": {(5,): 9.0, (6, 7): 3.0}}, {"sequence_bias": ["[5]=9", "[6,7]=3"]})
    same({"sequence_bias": [[[5], 9.0]]}, {"sequence_bias": "[5]=9"})
    same({"logit_bias": {5: 9.0}}, {"logit_bias": "5=9"})
    same({"num_beams": 3, "force_words_ids": [[5, 6]]}, {"num_beams": 3, "force_words": "[5,6]"})
    same({"num_beams": 3, "force_words_ids": [[[5], [6, 7]]]}, {"num_beams": 3, "force_words": "[[5],[6,7]]"})
    same({"num_beams": 2, "early_stopping": True}, {"num_beams": 2, "early_stopping": "true"})
    same({"generation_config": {"num_beams": 3, "pad_token_id": 2, "_from_model_config": True}}, {"num_beams": 3})
    same({"generation_config": {"num_beams": 3}, "num_beams": 2}, {"num_beams": 2})
    same({"return_dict_in_generate": True, "output_scores": True, "use_cache": True, "top_k": None}, {})
    drawn = {"temperature": 1.3, "seed": 5, "num_return_sequences": 2, "top_k": 40}
    whole = micro.generate("abc", max_new_tokens=6, ignore_eos=True, output_scores=True, output_logits=True, **drawn)
    plain = micro.generate("abc", max_new_tokens=6, ignore_eos=True, **drawn)
    assert [each.ids for each in whole.sequences] == [each.ids for each in plain.sequences]
    assert [each.shape for each in whole.scores] == [(6, micro.n_vocab)] * 2 and (np.isfinite(whole.scores[0]).sum(1) <= 41).all()
    assert np.allclose(whole.logits[1], micro.logits(whole.prompt_ids + whole.sequences[1].ids, first=len(whole.prompt_ids) - 1)[:-1], atol=1e-3)
    for wrong in [{"num_beams": 2}, {"stream": True}, {"penalty_alpha": 0.6, "top_k": 4}]:
        with pytest.raises(decant.UsageError, match="output_scores"):
            micro.generate("abc", output_scores=True, max_new_tokens=2, **wrong)
    with pytest.raises(decant.UsageError, match="no attentions"):
        micro.generate("a", output_attentions=True)
    with pytest.raises(decant.UsageError, match="stream=True"):
        micro.generate("a", streamer=object())
