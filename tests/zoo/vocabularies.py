"""The zoo's vocabularies: byte-level BPE with several pre-tokenizers, SentencePiece BPE, unigram and WordPiece."""

import collections
import io
import pathlib
import re

import sentencepiece
import tokenizers
import transformers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import decoders, models, pre_tokenizers, trainers

BPE_SIZE = 320
SPM_SIZE = 384

CORPUS = """The lighthouse keeper wrote a letter to the sea, and then he made a cup of tea.
There was no answer; there never was one, but the light turned and turned over the dark water.
In 1234 or 1999 the ships came with 3.14 and 1,000 and 2026 barrels of wine and 100 lanterns.
I don't know what they're doing, we've seen it, she'll say so; it's that he'd rather not.
Keep the light on, said the keeper's daughter, and the sea will tell you the rest of the story.
for (int i = 0; i < 10; ++i) {  return foo_bar.baz(qux);  }    // three  spaces   here
The water is cold. The night is long. The letter is short, and nobody will read the letter.
Over the hills and far away there is another lighthouse; another keeper writes another letter.
Caf\u00e9 na\u00efve \u00dcbergr\u00f6\u00dfe stra\u00dfe, \u65e5\u672c\u8a9e \u30c6\u30ad\u30b9\u30c8, \u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440, \U0001f680 and \U0001f999.
What is the answer? Nothing! The tea is ready: one, two, three and the sun is up again.
""".split("\n")[:-1]

# What llama.cpp means by each name of tokenizer.ggml.pre, as the models' own tokenizer.json have it.
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def _split(pattern):
    split = pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _digits():
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])


PRE_TOKENIZERS = {
    "gpt-2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    "llama-bpe": lambda: _split(WORDS % "{1,3}"),
    "qwen2": lambda: _split(WORDS % ""),
    "starcoder": _digits,
    "command-r": _digits,
    "refact": _digits,
}


def byte_bpe(folder, pre, extra=()):
    bpe = tokenizers.Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=BPE_SIZE, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator(CORPUS * 3, trainer)
    bpe.pre_tokenizer = PRE_TOKENIZERS.get(pre, PRE_TOKENIZERS["gpt-2"])()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<pad>", clean_up_tokenization_spaces=False)
    if extra:
        fast.add_special_tokens({"additional_special_tokens": list(extra)})
    fast.save_pretrained(folder)
    return fast


def sentencepiece_model(path, **options):
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=trained, minloglevel=2, num_threads=1, hard_vocab_limit=False, **options)
    path = pathlib.Path(path)
    path.write_bytes(trained.getvalue())
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(trained.getvalue())
    return proto


PLAIN = dict(model_type="bpe", split_digits=True, remove_extra_whitespaces=False, normalization_rule_name="identity",
             allow_whitespace_only_pieces=True, vocab_size=SPM_SIZE)


def llama_spm(folder, byte_fallback=True, size=SPM_SIZE, coverage=0.98, extra=()):
    path = pathlib.Path(folder) / "llama.model"
    options = PLAIN | dict(vocab_size=size)
    sentencepiece_model(path, byte_fallback=byte_fallback, character_coverage=coverage, add_dummy_prefix=True,
                        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, **options)
    slow = transformers.LlamaTokenizer(str(path), legacy=True, add_bos_token=True)
    if extra:
        slow.add_special_tokens({"additional_special_tokens": list(extra)})
    path.unlink()
    slow.save_pretrained(folder)
    return slow


def gemma_spm(folder):
    path = pathlib.Path(folder) / "gemma.model"
    sentencepiece_model(path, byte_fallback=True, character_coverage=0.98, add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2,
                        unk_id=3, bos_piece="<bos>", eos_piece="<eos>", pad_piece="<pad>",
                        user_defined_symbols=["<start_of_turn>", "<end_of_turn>"], **PLAIN)
    slow = transformers.GemmaTokenizer(str(path), add_bos_token=True)
    path.unlink()
    slow.save_pretrained(folder)
    return slow


def unigram(folder):
    """T5's kind; returns the tokenizer and the pieces, from which a file's keys are written."""
    path = pathlib.Path(folder) / "spiece.model"
    proto = sentencepiece_model(path, model_type="unigram", vocab_size=200, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    return transformers.T5Tokenizer(str(path), extra_ids=0, legacy=True), proto


def wordpiece(folder):
    """Of the commonest words and ends of words, as its trainer is of another opinion each time."""
    path = pathlib.Path(folder) / "vocab.txt"
    words = collections.Counter(re.findall(r"[a-z]+", " ".join(CORPUS).lower()))
    ends = collections.Counter(word[-size:] for word in words for size in (2, 3) if len(word) > size)
    letters = sorted(set("".join(CORPUS).lower()) - {" "})
    listed = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    listed += [word for word in sorted(words, key=lambda word: (-words[word], word)) if len(word) > 1][:90]
    listed += ["##" + end for end in sorted(ends, key=lambda end: (-ends[end], end))[:60]]
    path.write_text("\n".join(listed) + "\n", encoding="utf-8")
    return transformers.BertTokenizerFast(vocab_file=str(path)), listed
