"""A model file whose embedding of one token is not a number: what it reads of that token spreads as NaN."""

import struct

# Bytes of a metadata value by its GGUF type; 8 is a string, 9 an array.
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 4

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def text(self):
        length = self.take("Q")
        self.at += length
        return bytes(self.data[self.at - length:self.at]).decode()

    def skip(self, kind):
        if kind == 8:
            self.text()
        elif kind == 9:
            element, count = self.take("IQ")
            for _ in range(count):
                self.skip(element)
        else:
            self.at += SIZES[kind]


def with_nan_embedding(data, token):
    """The bytes of a GGUF file with an F32 token_embd.weight, changed in the row of the token."""
    data = bytearray(data)
    reader = Reader(data)
    _, n_tensors, n_values = reader.take("IQQ")
    for _ in range(n_values):
        reader.text()
        reader.skip(reader.take("I"))
    for _ in range(n_tensors):
        name, n_dims = reader.text(), reader.take("I")
        dims = [reader.take("Q") for _ in range(n_dims)]
        kind, offset = reader.take("IQ")
        if name == "token_embd.weight":
            assert kind == 0, "not F32"
            width, begin = dims[0], offset
    data_begin = (reader.at + 31) // 32 * 32
    row = data_begin + begin + 4 * token * width
    data[row:row + 4 * width] = struct.pack("<f", float("nan")) * width
    return bytes(data)


def skip_tensors(reader, count):
    """Their names, shapes, types and places."""
    for _ in range(count):
        reader.text()
        for _ in range(reader.take("I")):
            reader.take("Q")
        reader.take("IQ")


def with_text(data, key, text):
    """The bytes of a GGUF file with one text of its metadata changed, or added behind the others."""
    reader = Reader(bytearray(data))
    _, n_tensors, n_values = reader.take("IQQ")
    begin = end = None
    for _ in range(n_values):
        start, name, kind = reader.at, reader.text(), reader.take("I")
        reader.skip(kind)
        if name == key:
            begin, end = start, reader.at
    values_end = reader.at
    skip_tensors(reader, n_tensors)
    data_begin = (reader.at + 31) // 32 * 32
    value = struct.pack("<Q", len(key)) + key.encode() + struct.pack("<IQ", 8, len(text)) + text
    if begin is None:
        begin = end = values_end
        n_values += 1
    header = bytearray(data[:begin] + value + data[end:reader.at])
    header[16:24] = struct.pack("<Q", n_values)
    return bytes(header) + bytes(-len(header) % 32) + data[data_begin:]


def with_control_tokens(data, names):
    """The bytes of a GGUF file in which tokens have other names, by id, and are control tokens."""
    reader = Reader(bytearray(data))
    _, n_tensors, n_values = reader.take("IQQ")
    header, at = bytearray(data[:reader.at]), reader.at
    for _ in range(n_values):
        key, kind = reader.text(), reader.take("I")
        if key in ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type"):
            element, count = reader.take("IQ")
            header += data[at:reader.at]
            for token in range(count):
                begin = reader.at
                reader.skip(element)
                if token not in names:
                    header += data[begin:reader.at]
                elif element == 8:
                    name = names[token].encode()
                    header += struct.pack("<Q", len(name)) + name
                else:
                    header += struct.pack("<i", 3)
        else:
            reader.skip(kind)
            header += data[at:reader.at]
        at = reader.at
    skip_tensors(reader, n_tensors)
    header += data[at:reader.at]
    data_begin = (reader.at + 31) // 32 * 32
    return bytes(header) + bytes(-len(header) % 32) + data[data_begin:]
