"""The model's weights for engines that do not read its file: F32 for Hugging Face, int8 for CTranslate2; and its lower half.

Runs in the environment of build/bench (worker.py).
"""
import os
import re

from settings import HALF


def prepare(job):
    import ctranslate2
    import transformers

    model, folder = job["model"], job["weights"]
    f32 = os.path.join(folder, "f32")
    where = {"pretrained_model_name_or_path": os.path.dirname(model) or ".", "gguf_file": os.path.basename(model)}
    transformers.AutoTokenizer.from_pretrained(**where).save_pretrained(f32)
    transformers.AutoModelForCausalLM.from_pretrained(**where, torch_dtype="float32").save_pretrained(f32)

    class Converter(ctranslate2.converters.TransformersConverter):
        # It asks for "dtype", which transformers before 4.56 does not know.
        def load_model(self, model_class, path, dtype=None, **options):
            return model_class.from_pretrained(path, torch_dtype=dtype, **options)

    Converter(f32).convert(os.path.join(folder, "int8"), quantization="int8", force=True)
    write_half(model, os.path.join(folder, "half.gguf"))


def write_half(model, path):
    """The first HALF layers under the same head, as they are."""
    import gguf

    reader = gguf.GGUFReader(model)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(path + ".partial", architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        value = HALF if name == f"{architecture}.block_count" else field.contents()
        writer.add_key_value(name, value, kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        layer = re.match(r"blk\.(\d+)\.", tensor.name)
        if not layer or int(layer[1]) < HALF:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(path + ".partial", path)


def load_f32(folder):
    import transformers

    return transformers.AutoModelForCausalLM.from_pretrained(os.path.join(folder, "f32"), torch_dtype="float32")


def judge(job):
    """{name: ids}: the mean log-probability of a token under the F32 weights, and the text."""
    import tokenizers
    import torch

    network = load_f32(job["weights"])
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(job["weights"], "f32", "tokenizer.json"))
    prompt, answer = job["prompt"], {}
    for name, ids in job["texts"].items():
        with torch.no_grad():
            logits = network(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1]
        chosen = logits.log_softmax(-1)[range(len(ids)), ids]
        answer[name] = {"mean": chosen.mean().item(), "text": tokenizer.decode(ids)}
    return answer
