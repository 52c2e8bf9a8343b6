"""OpenVINO GenAI on the GGUF file, by its own reader: greedy, beams, groups of beams, prompt lookup (worker.py)."""
import numpy
import openvino
import openvino_genai


def load(job):
    options = {"ATTENTION_BACKEND": job["backend"], "INFERENCE_NUM_THREADS": job["threads"]}
    ids = numpy.array([job["prompt"]], dtype=numpy.int64)
    prompt = openvino_genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
    pipelines = {}  # one at a time: prompt lookup needs one of its own

    def pipeline(lookup):
        if lookup not in pipelines:
            pipelines.clear()
            pipelines[lookup] = openvino_genai.LLMPipeline(job["model"], "CPU", **options, **({"prompt_lookup": True} if lookup else {}))
        return pipelines[lookup]

    def writer(setting):
        setting = dict(setting)
        fields = {name: setting.pop(name) for name in ("num_beams", "num_beam_groups", "diversity_penalty") if name in setting}
        drafted = setting.pop("prompt_lookup_num_tokens", 0)
        if setting or (drafted and job["backend"] == "SDPA"):  # it looks up with paged attention only
            return None

        def write(tokens):
            config = openvino_genai.GenerationConfig(max_new_tokens=tokens, ignore_eos=True, num_return_sequences=1)
            for name, value in fields.items():
                setattr(config, name, value)
            if drafted:
                config.num_assistant_tokens, config.max_ngram_size = drafted, 3
            return pipeline(bool(drafted)).generate(prompt, config).tokens[0]

        return write

    return writer
