#!/usr/bin/env python3
"""Makes tokens-*.gguf, vocabularies without weights, and tokens.json, what Hugging Face makes of 60 texts with each.

    tests/zoo/make_tokens.py FOLDER

Of byte-level BPE, several pre-tokenizers share one list of merges, trained without a pre-tokenizer: words are not kept
apart in it, so that every difference in where a text is cut shows. The pre-tokenizers are those of the models' own
tokenizer.json, normalizers included. SentencePiece's vocabularies are compared with SentencePiece itself (transformers'
slow tokenizers).
"""

import json
import pathlib
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")

import gguf
import tokenizers
import transformers
import vocabularies
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

BPE_SIZE = 640
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>"]

TEXTS = [
    # blanks
    "Hello world", " leading", "  two leading", "trailing ", "two trailing  ", "a  b   c    d     e", "tab\tand\t\ttabs", " \t mixed \t blanks \t ",
    " ", "   ", "\t", "\u00a0no\u00a0break", "em\u2003space\u3000wide", "\u200bzero\u200bwidth",
    # line ends
    "\n", "\n\n\nthree", "line\r\nend\r\n", "word \n\n  indented", "one\n two\n  three\n", "a \n \n b", "end\n\n",
    # digits
    "1", "12 123 1234 12345", "1234567890", "3.14 1,000 -5 +7 1e-9", "2026-11-27T01:26:03", "x2y34z567", "\u0661\u0662\u0663 \u00b2\u00bd \u2163",
    # words, contractions
    "I don't know what they're doing, we've seen it", "THEY'RE WE'VE I'LL DON'T it'S", "'s 't 're ''ll \u2019s don\u2019t", "camelCase snake_case kebab-case SCREAMING",
    "HTTPServer XMLHttpRequest iPhone", "for (int i = 0; i < 10; ++i) {  return foo_bar.baz(qux);  }", "!!! ... --- ?!?! ;;; ((()))", "$5 100% #tag @name a/b\\c http://x.y/z?q=1&r=2",
    # scripts
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002", "\u4e2d\u6587\uff0c\u6807\u70b9\uff1b\uff08\u6d4b\u8bd5\uff09", "\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8", "\u043f\u0440\u0438\u0432\u0435\u0442, \u041c\u0418\u0420!", "\u03b1\u03b2\u03b3 \u0391\u0392\u0393 \u03cc\u03c0\u03c9\u03c2",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0646\u0635", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0939\u093f\u0928\u094d\u0926\u0940 \u0926\u0947\u0935\u0928\u093e\u0917\u0930\u0940", "\u0e44\u0e17\u0e22 \u0e02\u0e49\u0e2d\u0e04\u0e27\u0e32\u0e21", "mixed \u65e5\u672c text \u043c\u0438\u0440 \U0001f680 end1",
    # marks, ligatures, emoji
    "caf\u00e9 na\u00efve \u00dcbergr\u00f6\u00dfe", "cafe\u0301 nai\u0308ve", "e\u0301\u0302\u0303 a\u0308", "\ufb01 \u2460 \u00bd \uff21\uff22\uff43 \u01c5", "\U0001f680\U0001f999 emoji", "\U0001f636\u200d\U0001f32b\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    # what is no text, or looks like something else
    "\u0001bell\u0007 \u001b[31mred\u001b[0m \u007f", "\\ud83d\\ude80 \ufffd \ufffe \ue000", "<0x0A> <0xE2>", "\u2581under \u2581 \u2581line", "<s>hello</s> <unk> <pad>", "a<|im_end|> b <|endoftext|>",
    "<start_of_turn>user [CLS] hi [SEP]",
    # long runs
    "x" * 60 + " " * 20 + "\n" * 9 + "=" * 40,
]

# Merges that lie across every boundary that some pre-tokenizer has.
MERGED = """12 123 1234 12345 1234567890 2026 100 3.14 1,000
don't they're we've I'll it's DON'T THEY'RE WE'VE it'S don\u2019t
a  b   c    d     e\t\ttabs \t mixed\n\n\nthree\r\nend\r\n\r\n \n\n  indented
camelCase snake_case HTTPServer XMLHttpRequest iPhone x2y34z567
!!! ... --- ?!?! ;;; ((())) $5 100% #tag @name http://x.y/z?q=1&r=2 foo_bar.baz(qux);  }
\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002\u4e2d\u6587\uff0c\u6807\u70b9 \ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8 \u043f\u0440\u0438\u0432\u0435\u0442, \u041c\u0418\u0420 \u03b1\u03b2\u03b3 \u0391\u0392\u0393
\u0939\u093f\u0928\u094d\u0926\u0940 \u0e02\u0e49\u0e2d \u0627\u0644\u0639\u0631\u0628\u064a\u0629 caf\u00e9 cafe\u0301 nai\u0308ve \U0001f680\U0001f999 emoji mixed \u65e5\u672c text \u043c\u0438\u0440
""".split("\n")[:-1]

# Where libllama does something else than the model's own tokenizer, and decant with it.
NFC = "the model's tokenizer composes characters first (NFC), libllama does not"
MARKS = "in libllama's version of the pattern marks (\\p{M}) are no part of a word"
MARKED = ["cafe\u0301 nai\u0308ve", "e\u0301\u0302\u0303 a\u0308"]
DIFFERENT = {
    "bpe-qwen2": dict.fromkeys(MARKED, NFC),
    "bpe-gpt-4o": dict.fromkeys([*MARKED, "\u0939\u093f\u0928\u094d\u0926\u0940 \u0926\u0947\u0935\u0928\u093e\u0917\u0930\u0940"], MARKS),
}
DIFFERENT["bpe-tekken"] = DIFFERENT["bpe-gpt-4o"]


def split(*patterns):
    parts = [pre_tokenizers.Split(tokenizers.Regex(each), behavior="isolated") for each in patterns]
    return pre_tokenizers.Sequence(parts + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def digits():
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])


CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
BLANKS = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n/]*" + BLANKS)
LETTERS = (  # of DeepSeek-LLM
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386"
    "\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba"
    "\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d"
    "\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc"
    "\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184"
    "\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06"
    "\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2"
    "\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943")

# By the names that tokenizer.ggml.pre has for them.
PRE_TOKENIZERS = {
    "gpt-2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm": digits,
    "llama-bpe": lambda: split(CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + BLANKS),
    "qwen2": lambda: split(CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + BLANKS),
    "gpt-4o": lambda: split(CASED % (CONTRACTIONS + "?", CONTRACTIONS + "?", "{1,3}")),
    "tekken": lambda: split(CASED % ("", "", "")),
    "deepseek-llm": lambda: pre_tokenizers.Sequence([
        *[pre_tokenizers.Split(tokenizers.Regex(each), behavior="isolated") for each in (
            "[\r\n]", r"\s?[" + LETTERS + "]+", r"\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$",
            "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+")],
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
    "deepseek-v3": lambda: split(
        r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*""" + BLANKS),
}


class Writer(gguf.GGUFWriter):
    """A file of a vocabulary alone."""

    def __init__(self, path, kind, pre, tokens, types, scores=None):
        super().__init__(path, "llama")
        self.add_tokenizer_model(kind)
        self.add_tokenizer_pre(pre)
        self.add_token_list(tokens)
        self.add_token_types(types)
        if scores:
            self.add_token_scores(scores)

    def finish(self):
        self.write_header_to_file()
        self.write_kv_data_to_file()
        self.write_tensors_to_file()
        self.close()


def byte_level(path, pre):
    bpe = tokenizers.Tokenizer(models.BPE())
    individual = [pre_tokenizers.Digits(individual_digits=True)] if pre == "deepseek-llm" else []  # libllama relies on that
    bpe.pre_tokenizer = pre_tokenizers.Sequence(individual + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=BPE_SIZE, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  min_frequency=2, show_progress=False)
    bpe.train_from_iterator(vocabularies.CORPUS + 2 * MERGED + [" ".join(MERGED)], trainer)
    bpe.pre_tokenizer = PRE_TOKENIZERS[pre]()
    if pre == "qwen2":
        bpe.normalizer = normalizers.NFC()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<|endoftext|>", eos_token="<|endoftext|>",
                                                pad_token="<pad>", clean_up_tokenization_spaces=False)
    fast.add_special_tokens({"additional_special_tokens": SPECIAL[1:3]})
    inner = json.loads(bpe.to_str())["model"]
    tokens = sorted(inner["vocab"], key=inner["vocab"].get)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    file = Writer(path, "gpt2", pre, tokens, [control if token in SPECIAL else normal for token in tokens])
    file.add_token_merges([" ".join(pair) for pair in inner["merges"]])
    file.add_bos_token_id(0)
    file.add_eos_token_id(0)
    file.add_pad_token_id(3)
    file.add_add_bos_token(False)
    file.finish()
    return fast


def sentencepiece_file(path, kind, tokenizer, normalizer=None):
    """From a slow tokenizer; `normalizer` is what a unigram file says of how texts are prepared."""
    pieces = tokenizer.sp_model
    tokens, scores, types = [], [], []
    for i in range(pieces.get_piece_size()):
        tokens.append(pieces.id_to_piece(i).encode())
        scores.append(pieces.get_score(i))
        types.append(gguf.TokenType.UNKNOWN if pieces.is_unknown(i) else gguf.TokenType.CONTROL if pieces.is_control(i) else
                     gguf.TokenType.BYTE if pieces.is_byte(i) else gguf.TokenType.UNUSED if pieces.is_unused(i) else
                     gguf.TokenType.USER_DEFINED if tokens[-1] in (b"<start_of_turn>", b"<end_of_turn>") else gguf.TokenType.NORMAL)
    file = Writer(path, kind, "default", tokens, types, scores)
    if normalizer:
        file.add_add_space_prefix(normalizer.add_dummy_prefix)
        file.add_remove_extra_whitespaces(normalizer.remove_extra_whitespaces)
        file.add_precompiled_charsmap(normalizer.precompiled_charsmap)
    for name in ("bos", "eos", "unk", "pad"):
        token = getattr(tokenizer, name + "_token_id")
        if token is not None and token < len(tokens):
            getattr(file, f"add_{name}_token_id")(token)
    return file


def llama(path, folder, **options):
    slow = vocabularies.llama_spm(folder, **options)
    file = sentencepiece_file(path, "llama", slow)
    file.add_add_bos_token(True)
    file.finish()
    return slow


def gemma(path, folder):
    slow = vocabularies.gemma_spm(folder)
    file = sentencepiece_file(path, "llama", slow)
    file.add_add_bos_token(True)
    file.add_add_space_prefix(False)
    file.finish()
    return slow


def unigram(path, folder):
    slow, proto = vocabularies.unigram(folder)
    file = sentencepiece_file(path, "t5", slow, proto.normalizer_spec)
    file.add_add_bos_token(False)
    file.add_add_eos_token(True)
    file.finish()
    return slow


def wordpiece(path, folder):
    fast, words = vocabularies.wordpiece(folder)
    special = set(fast.all_special_tokens)
    tokens = [word if word in special else word[2:] if word.startswith("##") else "\u2581" + word for word in words]
    types = [gguf.TokenType.UNKNOWN if word == "[UNK]" else gguf.TokenType.CONTROL if word in special else gguf.TokenType.NORMAL
             for word in words]
    file = Writer(path, "bert", "default", tokens, types)
    file.add_uint32("tokenizer.ggml.token_type_count", 2)
    for name in ("cls", "sep", "unk", "pad", "mask"):
        if name != "cls":
            getattr(file, f"add_{name}_token_id")(getattr(fast, name + "_token_id"))
    file.add_bos_token_id(fast.cls_token_id)
    file.finish()
    return fast


VOCABULARIES = {
    **{"bpe-" + pre: (lambda path, folder, pre=pre: byte_level(path, pre)) for pre in PRE_TOKENIZERS},
    "spm": llama,
    "spm-no-bytes": lambda path, folder: llama(path, folder, byte_fallback=False, size=160, coverage=0.99),
    "spm-no-prefix": gemma,
    "unigram": unigram,
    "wordpiece": wordpiece,
}

PREFIXED = ("spm", "spm-no-bytes", "unigram")  # a blank stands before every text


def text_of(tokenizer, ids):
    """Without special tokens; None where characters are lost. SentencePiece's own, as transformers takes away a blank too many."""
    if not hasattr(tokenizer, "sp_model"):
        return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return None if tokenizer.unk_token_id in ids else tokenizer.sp_model.decode([each for each in ids if each not in tokenizer.all_special_ids])


def compare(name, tokenizer):
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    result = {"ids": ids}
    if name != "wordpiece":  # which has no blanks
        back = [text_of(tokenizer, each) for each in ids]
        result["texts"] = {i: each for i, each in enumerate(back) if each != TEXTS[i]}
    if name in PREFIXED:
        result["prefix"] = True
    if hasattr(tokenizer, "backend_tokenizer") and name.startswith("bpe"):
        tokenizer.backend_tokenizer.encode_special_tokens = True
        plain = [tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
        result["plain_ids"] = {i: each for i, each in enumerate(plain) if each != ids[i]}
    differs = {TEXTS.index(text): reason for text, reason in DIFFERENT.get(name, {}).items()}
    if differs:
        result["differs"] = differs
    return result


def main():
    out = pathlib.Path(sys.argv[1])
    if transformers.__version__ != "4.55.4":
        raise SystemExit("the goldens are transformers 4.55.4's")
    if len(TEXTS) != 60 or len(set(TEXTS)) != 60:
        raise SystemExit(f"{len(TEXTS)} texts")
    transformers.logging.set_verbosity_error()
    lines = [f' "transformers": "{transformers.__version__}"', f' "texts": {json.dumps(TEXTS)}']
    entries = []
    for name, make in VOCABULARIES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = out / f"tokens-{name}.gguf"
            result = compare(name, make(path, folder))
        entries.append(f"  {json.dumps(name)}: {json.dumps(result)}")
        print(f"{name}: {path.stat().st_size} bytes, {len(result.get('differs', {}))} texts differ", flush=True)
    lines.append(' "vocabularies": {\n' + ",\n".join(entries) + "\n }")
    (out / "tokens.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
