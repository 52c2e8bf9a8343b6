"""lm-eval's own evaluation of two tasks of text files, with decant and with its Hugging Face backend, on the same weights in F32. Needs
lm-eval, torch and transformers, and is skipped without (HACKING.md, Python)."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
lm_eval = pytest.importorskip("lm_eval")

from conftest import F32, ROOT  # noqa: E402


@pytest.fixture(scope="module")
def samples(f32, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("datasets")))
    patch.setenv("HF_DATASETS_OFFLINE", "1")
    patch.chdir(ROOT)
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from decant.lm_eval import DecantLM

    tokenizer = transformers.AutoTokenizer.from_pretrained(F32.parent, gguf_file=F32.name)
    model = transformers.AutoModelForCausalLM.from_pretrained(F32.parent, gguf_file=F32.name, torch_dtype=torch.float32)
    backends = {"decant": DecantLM(model=f32), "hf": HFLM(pretrained=model.eval(), tokenizer=tokenizer, device="cpu", batch_size=1, dtype="float32", add_bos_token=False)}
    tasks = TaskManager(include_path=str(ROOT / "tests/python/tasks"), include_defaults=False)
    names = ["decant_capitals", "decant_beginnings"]
    yield {
        name: lm_eval.simple_evaluate(model=lm, tasks=names, task_manager=tasks, bootstrap_iters=0)["samples"] for name, lm in backends.items()
    }, backends
    patch.undo()


def by_id(samples):
    return [each["filtered_resps"] for each in sorted(samples, key=lambda each: each["doc_id"])]


def test_loglikelihoods(samples):
    ours, theirs = (samples[1][name].tok_encode("The capital of Österreich is\n\nWien.", add_special_tokens=False) for name in ("decant", "hf"))
    assert ours == theirs
    ours, theirs = (by_id(samples[0][name]["decant_capitals"]) for name in ("decant", "hf"))
    assert len(ours) == len(theirs) == 8
    for mine, its in zip(ours, theirs):
        assert [greedy for _, greedy in mine] == [greedy for _, greedy in its]
        assert [p for p, _ in mine] == pytest.approx([p for p, _ in its], abs=1e-3)
    assert any(greedy for each in ours for _, greedy in each) and not all(greedy for each in ours for _, greedy in each)


def test_texts(samples):
    ours, theirs = (by_id(samples[0][name]["decant_beginnings"]) for name in ("decant", "hf"))
    assert ours == theirs and len(ours) == 6 and all(each[0] for each in ours)
