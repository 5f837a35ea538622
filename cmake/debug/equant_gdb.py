# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
"""Shows equant's `quantized` and `shape` in gdb: `source .../share/equant/equant_gdb.py`, by hand or in ~/.gdbinit.

Codes stand in row-major order of the tensor's logical axes, whatever the order they are stored in; those of integer
formats as their integers, and with one scale as the reals they stand for. `set print elements` bounds their number.
"""
import itertools
import re

import gdb
import gdb.printing


def vector(value):
    """The elements of a std::vector."""
    begin, end = value['_M_impl']['_M_start'], value['_M_impl']['_M_finish']
    return [begin[i] for i in range(int(end - begin))]


def array(value, count):
    """The first elements of a std::array."""
    return [value['_M_elems'][i] for i in range(count)]


def referenced(value):
    return value.referenced_value() if value.type.code == gdb.TYPE_CODE_REF else value


def sizes_of(shape):
    return [int(n) for n in array(shape['values'], int(shape['rank']))]


def product(numbers):
    result = 1
    for n in numbers:
        result *= n
    return result


def listed(texts, count):
    return ', '.join(texts) + (' ...' if len(texts) < count else '')


class Shape:
    def __init__(self, value):
        self.value = referenced(value)

    def to_string(self):
        return ' x '.join(str(n) for n in sizes_of(self.value)) or 'scalar'


class Quantized:
    """Both forms: a tensor that owns its codes, and the literal one made at compile time."""

    def __init__(self, value):
        value = referenced(value)
        self.format = value.type.template_argument(0).strip_typedefs()
        self.literal = not any(f.name == 'sizes_' for f in value.type.fields())
        if self.literal:
            self.sizes = [int(value.type.template_argument(1))]
            self.order = [0]
            self.data = value['bytes_']['_M_elems']
            self.scales, self.zero_points = [value['map_']['scale']], [value['map_']['zero_point']]
        else:
            self.sizes = sizes_of(value['sizes_'])
            self.order = [int(axis) for axis in array(value['order_']['axes'], len(self.sizes))]
            self.data = value['bytes_']['data_']
            p = value['parameters_']
            self.scales, self.zero_points = vector(p['scales_']), vector(p['zero_points_'])
            if not self.scales:
                self.scales, self.zero_points = [p['single_']['scale']], [p['single_']['zero_point']]
        self.integers = re.search(r'::integer_codes<', str(self.format)) is not None
        self.bits = int(self.format.template_argument(0)) if self.integers else int(value['format_']['bits'])
        self.signed = self.integers and int(self.format.template_argument(1)) < 0

    def code(self, position):
        first = position * self.bits
        word = 0
        for byte in range(first // 8, (first + self.bits - 1) // 8 + 1):
            word |= int(self.data[byte]) << (8 * (byte - first // 8))
        word = word >> first % 8 & (1 << self.bits) - 1
        return word - (1 << self.bits) if self.signed and word >> self.bits - 1 else word

    def codes(self):
        """As many as gdb prints of an array."""
        strides = [0] * len(self.sizes)
        step = 1
        for axis in reversed(self.order):
            strides[axis] = step
            step *= self.sizes[axis]
        limit = gdb.parameter('print elements') or None
        places = itertools.islice(itertools.product(*[range(n) for n in self.sizes]), limit)
        return [self.code(sum(i * s for i, s in zip(at, strides))) for at in places]

    def to_string(self):
        name = re.sub(r'\bequant::(on_\w+::)?', '', str(self.format))
        text = 'quantized<%s> %s' % (name, ' x '.join(str(n) for n in self.sizes) or 'scalar')
        if len(self.scales) > 1:
            return '%s, %d scales' % (text, len(self.scales))
        return '%s, scale %.9g, zero point %s' % (text, float(self.scales[0]), self.zero_points[0])

    def children(self):
        count = product(self.sizes)
        codes = self.codes()
        if len(self.scales) > 1:
            yield 'scales', listed(['%.9g' % float(s) for s in self.scales], len(self.scales))
            yield 'zero points', listed([str(z) for z in self.zero_points], len(self.zero_points))
        yield 'codes', listed([str(c) for c in codes], count)
        if self.integers and len(self.scales) == 1:
            scale, zero = float(self.scales[0]), float(self.zero_points[0])
            yield 'reals', listed(['%.6g' % (scale * (c - zero)) for c in codes], count)


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter('equant')
    collection.add_printer('quantized', r'^equant::(on_\w+::)?quantized<', Quantized)
    collection.add_printer('shape', r'^equant::(on_\w+::)?shape$', Shape)
    return collection


gdb.printing.register_pretty_printer(None, printers(), replace=True)
