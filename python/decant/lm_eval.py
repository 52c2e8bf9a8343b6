"""The evaluation harness on decant: python -m decant.lm_eval run --model decant --model_args model=smollm2 --tasks ...

An lm_eval.api.model.TemplateLM (lm-eval 0.4): loglikelihoods by Model.score, texts by Model.generate, as many at a time as `batch` says. A
text that is longer than the model reads loses its beginning, as in lm-eval's own models. Needs lm-eval: pip install lm-eval.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from lm_eval import utils
from lm_eval.api.model import TemplateLM
from lm_eval.api.registry import register_model

from .model import Model


@register_model("decant")
class DecantLM(TemplateLM):  # type: ignore[misc]
    """model_args: model=NAME or FILE, batch=32, and the options of the model (threads, ctx_size, ...)."""

    def __init__(self, model: Any = "smollm2", batch: int = 32, max_gen_toks: int = 256, batch_size: Any = None, device: Any = None, max_batch_size: Any = None, **options: Any) -> None:
        super().__init__()
        self.model = model if isinstance(model, Model) else Model(model, quiet=True, **options)
        self.batch, self.max_gen_toks = int(batch), int(max_gen_toks)

    # ---- the vocabulary

    @property
    def eot_token_id(self) -> int:
        return self.model.eos_token_ids[0]

    @property
    def prefix_token_id(self) -> int:
        return self.model._core.tokenize("", False, True)[0] if self.model._core.tokenize("", False, True) else self.eot_token_id

    @property
    def max_length(self) -> int:
        return self.model.n_context

    @property
    def tokenizer_name(self) -> str:
        return self.model.name

    def tok_encode(self, string: str, add_special_tokens: Optional[bool] = None, **_: Any) -> list[int]:
        return self.model.tokenize(string, bos=bool(add_special_tokens))

    def tok_decode(self, tokens: Iterable[int], **_: Any) -> str:
        return self.model.detokenize(tokens)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return self.model.prompt(chat_history).text

    def chat_template(self, chat_template: Any = False) -> Optional[str]:
        return self.model._core.chat_template or ""

    # ---- the three questions

    def _all(self, function: Any, requests: list[Any]) -> list[Any]:
        with ThreadPoolExecutor(self.batch) as pool:
            return list(pool.map(function, requests))

    def _loglikelihood_tokens(self, requests: list[Any], disable_tqdm: bool = False, **_: Any) -> list[tuple[float, bool]]:
        def one(request: Any) -> tuple[float, bool]:
            key, context, continuation = request
            whole = (context + continuation)[-self.max_length :]
            said = self.model.score(whole[: -len(continuation)], continuation)
            answer = (said.logprob, said.is_greedy)
            if key is not None:
                self.cache_hook.add_partial("loglikelihood", key, answer)
            return answer

        return self._all(one, requests)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        def one(request: Any) -> float:
            (text,) = request.args
            windows = map(utils.make_disjoint_window, utils.get_rolling_token_windows(self.tok_encode(text), self.prefix_token_id, self.max_length - 1, 1))
            return sum(self.model.score(context, continuation).logprob for context, continuation in windows)

        return self._all(one, requests)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        def one(request: Any) -> str:
            context, how = request.args
            how = {name: value for name, value in how.items() if name != "until" or value}
            until = how.pop("until", [])
            n = int(how.pop("max_gen_toks", self.max_gen_toks))
            if not how.get("do_sample"):
                how = {"do_sample": False}
            ids = self.tok_encode(context)[-(self.max_length - n) :]
            text: str = self.model.generate(ids, max_new_tokens=n, stop_strings=until, include_stop_str_in_output=False, **how).text
            return text

        return self._all(one, requests)


def main() -> None:
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()


if __name__ == "__main__":
    main()
