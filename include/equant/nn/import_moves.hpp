// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/importer.hpp>

/// ONNX nodes that move values or compute with sizes: done at once on what is known, else layers.
namespace equant::inline EQUANT_ABI::nn::importing {

/// Sizes, -1 where they are not known, as a reshape of `from` wants them: 0 where the batch stays, else -1, once.
inline std::vector<index_t> as_reshape(const context& c, const std::vector<index_t>& from, std::vector<index_t> to) {
  if (!to.empty() && !from.empty() && to[0] == -1 && from[0] == -1) to[0] = 0;
  if (std::count(to.begin(), to.end(), -1) > 1) c.fail("more than one size is not known");
  return to;
}

inline void reshape_to(context& c, int x, const std::vector<index_t>& sizes) { c.add(reshape{sizes}, {x}); }

inline void read_reshape(context& c) {
  std::vector<index_t> sizes;
  if (c.opset() < 5) {
    const auto given = c.current().integers("shape");
    sizes.assign(given.begin(), given.end());
  } else {
    for (double x : c.numbers(1).values) sizes.push_back(x == x ? to_index(x) : -1);
    if (!c.is_known(0)) {
      const double first = sizes.empty() ? 1 : c.numbers(1).values[0];
      if (first != first) sizes = as_reshape(c, c.open_sizes(c.value(0)), sizes);
    }
  }
  if (c.current().integer("allowzero", 0) != 0 && std::count(sizes.begin(), sizes.end(), 0) > 0) {
    c.fail("allowzero is not supported");
  }
  if (c.is_known(0)) {
    known k = c.numbers(0);
    const node n{c.called(), reshape{sizes}, {0}, 0};
    k.sizes = c.told([&] { return to_vector(infer_shape(n, {to_shape(k.sizes)})); });
    const std::shared_ptr<const coded> codes = c.input(0).codes;
    const bool keeps =
        codes && codes->block == 0 &&
        (codes->scales.size() == 1 ||
         (codes->axis == 0 && !k.sizes.empty() && k.sizes[0] == static_cast<index_t>(codes->scales.size())));
    c.set_known(std::move(k));
    if (keeps) c.remember_codes(codes);
    return;
  }
  reshape_to(c, c.value(0), sizes);
}

inline void read_flatten(context& c) {
  const int x = c.value(0);
  const std::vector<index_t> s = c.open_sizes(x);
  const auto rank = static_cast<index_t>(s.size());
  const index_t axis = c.current().integer("axis", 1), at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) c.fail("axis ", axis, " of ", rank);
  if (at == 1) return reshape_to(c, x, {0, -1});
  index_t first = 1, second = 1;
  bool known_first = true, known_second = true;
  for (index_t a = 0; a < rank; ++a) {
    const index_t size = s[static_cast<std::size_t>(a)];
    (a < at ? first : second) *= std::max<index_t>(size, 0);
    if (size < 0) (a < at ? known_first : known_second) = false;
  }
  if (!known_first && !known_second) c.fail("more than one size is not known");
  reshape_to(c, x, known_first ? std::vector<index_t>{first, -1} : std::vector<index_t>{-1, second});
}

/// Squeeze and Unsqueeze: axes by attribute, or from opset 13 on by input.
inline void read_squeeze(context& c, bool takes_away) {
  std::vector<index_t> axes;
  if (c.has(1)) {
    axes = c.integers(1);
  } else {
    const auto given = c.current().integers("axes");
    axes.assign(given.begin(), given.end());
  }
  const bool constant = c.is_known(0);
  const std::vector<index_t> from = constant ? c.numbers(0).sizes : c.open_sizes(c.value(0));
  if (from.size() + axes.size() > 2 * max_rank) c.fail(axes.size(), " axes");
  std::vector<index_t> to;
  if (takes_away) {
    std::vector<bool> gone(from.size(), false);
    for (index_t a : axes) gone[static_cast<std::size_t>(axis_in(a, from.size(), c.failing()))] = true;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (axes.empty() ? from[i] != 1 : !gone[i]) to.push_back(from[i]);
      if (gone[i] && from[i] != 1) c.fail("axis ", i, " has size ", from[i]);
    }
  } else {
    const std::size_t rank = from.size() + axes.size();
    std::vector<bool> fresh(rank, false);
    for (index_t a : axes) fresh[static_cast<std::size_t>(axis_in(a, rank, c.failing()))] = true;
    std::size_t next = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      if (!fresh[i] && next == from.size()) c.fail("an axis is named twice");
      to.push_back(fresh[i] ? 1 : from[next++]);
    }
  }
  if (constant) {
    known k = c.numbers(0);
    k.sizes = to;
    c.set_known(std::move(k));
  } else {
    if (to.size() > max_rank) c.fail("a result of ", to.size(), " axes");
    reshape_to(c, c.value(0), as_reshape(c, from, to));
  }
}

inline void read_transpose(context& c) {
  const bool constant = c.is_known(0);
  const auto rank = constant ? static_cast<int>(c.numbers(0).sizes.size()) : c.sizes(c.value(0)).rank;
  std::vector<int> axes;
  for (std::int64_t a : c.current().integers("perm")) {
    axes.push_back(static_cast<int>(axis_in(a, static_cast<std::size_t>(rank), c.failing())));
  }
  if (axes.empty()) {
    for (int a = rank; a-- > 0;) axes.push_back(a);
  }
  if (constant) {
    const known& k = c.numbers(0);
    const std::shared_ptr<const coded> from = c.input(0).codes;
    c.set_known(transposed(k, axes, c.failing()));
    if (!from) return;
    auto to = std::make_shared<coded>(*from);
    const auto move = [&](const std::vector<index_t>& sizes, auto& numbers) {
      if (numbers.empty()) return;
      const known moved = transposed({sizes, {numbers.begin(), numbers.end()}, false}, axes, c.failing());
      std::transform(moved.values.begin(), moved.values.end(), numbers.begin(),
                     [](double x) { return static_cast<std::decay_t<decltype(numbers[0])>>(x); });
    };
    move(k.sizes, to->codes);
    if (from->block != 0) {
      std::vector<index_t> blocks = k.sizes;
      index_t& along = blocks[static_cast<std::size_t>(from->axis)];
      along = (along - 1) / from->block + 1;
      move(blocks, to->scales);
      move(blocks, to->zero_points);
    }
    to->axis = std::find(axes.begin(), axes.end(), static_cast<int>(from->axis)) - axes.begin();
    c.remember_codes(std::move(to));
  } else {
    c.add(transpose{axes}, {c.value(0)});
  }
}

inline void read_concat(context& c) {
  const io::onnx::node& n = c.current();
  const index_t axis = n.integer("axis", 1);
  bool constant = !n.inputs.empty();
  for (std::size_t i = 0; i < n.inputs.size(); ++i) constant = constant && c.is_known(i);
  if (constant) {
    std::vector<const known*> parts;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) parts.push_back(&c.numbers(i));
    c.set_known(joined(parts, axis, c.room(), c.failing()));
    return;
  }
  std::vector<int> from;
  for (std::size_t i = 0; i < n.inputs.size(); ++i) from.push_back(c.value(i));
  if (from.empty()) c.fail("no inputs");
  c.add(concat{static_cast<int>(axis_in(axis, static_cast<std::size_t>(c.sizes(from[0]).rank), c.failing()))}, from);
}

inline void read_slice(context& c) {
  const io::onnx::node& n = c.current();
  std::vector<index_t> starts, ends, axes, steps;
  if (c.opset() < 10) {
    const auto s = n.integers("starts"), e = n.integers("ends"), a = n.integers("axes");
    starts.assign(s.begin(), s.end());
    ends.assign(e.begin(), e.end());
    axes.assign(a.begin(), a.end());
  } else {
    starts = c.integers(1);
    ends = c.integers(2);
    if (c.has(3)) axes = c.integers(3);
    if (c.has(4)) steps = c.integers(4);
  }
  for (std::size_t i = axes.size(); i < starts.size() && axes.size() == i; ++i) axes.push_back(static_cast<index_t>(i));
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
    c.fail(starts.size(), " starts, ", ends.size(), " ends, ", axes.size(), " axes, ", steps.size(), " steps");
  }
  if (c.is_known(0)) {
    c.set_known(sliced(c.numbers(0), starts, ends, axes, steps, c.failing()));
    return;
  }
  const int x = c.value(0);
  slice s{starts, ends, steps, {}};
  for (index_t a : axes)
    s.axes.push_back(static_cast<int>(axis_in(a, static_cast<std::size_t>(c.sizes(x).rank), c.failing())));
  c.add(std::move(s), {x});
}

inline void read_pad(context& c) {
  const io::onnx::node& n = c.current();
  if (const auto* mode = n.find("mode"); mode != nullptr && mode->s != "constant") c.fail("mode '", mode->s, "'");
  const int x = c.value(0);
  const auto rank = static_cast<std::size_t>(c.sizes(x).rank);
  std::vector<index_t> amounts;
  pad p;
  if (c.opset() < 11) {
    const auto given = n.integers("pads");
    amounts.assign(given.begin(), given.end());
    p.value = n.real("value", 0);
  } else {
    amounts = c.integers(1);
    if (c.has(2)) p.value = c.real(2);
    if (c.has(3)) c.fail("pads on chosen axes are not supported");
  }
  if (amounts.size() != 2 * rank) c.fail(amounts.size(), " amounts for ", rank, " axes");
  p.before.assign(amounts.begin(), amounts.begin() + static_cast<index_t>(rank));
  p.after.assign(amounts.begin() + static_cast<index_t>(rank), amounts.end());
  c.add(std::move(p), {x});
}

/// Mean over rows and columns of images.
inline void read_reduce_mean(context& c) {
  const int x = c.value(0);
  std::vector<index_t> axes;
  if (c.has(1)) {
    axes = c.integers(1);
  } else {
    const auto given = c.current().integers("axes");
    axes.assign(given.begin(), given.end());
  }
  for (index_t& a : axes) a = axis_in(a, static_cast<std::size_t>(c.sizes(x).rank), c.failing());
  std::sort(axes.begin(), axes.end());
  if (c.sizes(x).rank != 4 || axes != std::vector<index_t>{2, 3})
    c.fail("only means over the rows and columns of images are computed");
  if (c.current().integer("keepdims", 1) != 0) {
    c.add(global_average_pool{}, {x});
  } else {
    const int pooled = c.add_hidden(global_average_pool{}, {x}, c.output() + "/pooled");
    c.add(reshape{{0, -1}}, {pooled});
  }
}

inline void read_shape(context& c) {
  known k;
  std::vector<index_t> sizes = c.is_known(0) ? c.numbers(0).sizes : c.open_sizes(c.value(0));
  const auto rank = static_cast<index_t>(sizes.size());
  const auto place = [&](std::int64_t at) { return std::clamp<index_t>(at < 0 ? at + rank : at, 0, rank); };
  const index_t first = place(c.current().integer("start", 0)), last = place(c.current().integer("end", rank));
  for (index_t i = first; i < last; ++i) {
    const index_t s = sizes[static_cast<std::size_t>(i)];
    k.values.push_back(s < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(s));
  }
  k.sizes = {k.count()};
  c.set_known(std::move(k));
}

inline void read_constant(context& c) {
  const io::onnx::node& n = c.current();
  if (const auto* t = n.find("value"); t != nullptr) {
    if (t->t.type == io::onnx::data_type::none) c.fail("its value is no tensor");
    entry e;
    e.stored = &t->t;
    return c.set(c.output(), std::move(e));
  }
  known k;
  if (const auto* f = n.find("value_float")) {
    k = {{}, {static_cast<double>(f->f)}, true};
  } else if (const auto* i = n.find("value_int")) {
    k = {{}, {static_cast<double>(i->i)}, false};
  } else if (const auto* fs = n.find("value_floats")) {
    k = {{static_cast<index_t>(fs->floats.size())}, {fs->floats.begin(), fs->floats.end()}, true};
  } else if (const auto* is = n.find("value_ints")) {
    k = {{static_cast<index_t>(is->ints.size())}, {is->ints.begin(), is->ints.end()}, false};
  } else {
    c.fail("holds no tensor and no numbers");
  }
  c.set_known(std::move(k));
}

/// Parts of a value along one axis, each a slice.
inline void read_split(context& c) {
  const io::onnx::node& n = c.current();
  const int x = c.value(0);
  const auto axis = axis_in(n.integer("axis", 0), static_cast<std::size_t>(c.sizes(x).rank), c.failing());
  const index_t size = c.open_sizes(x)[static_cast<std::size_t>(axis)], parts = static_cast<index_t>(n.outputs.size());
  std::vector<index_t> lengths;
  if (c.has(1)) {
    lengths = c.integers(1);
  } else if (const auto given = n.integers("split"); !given.empty()) {
    lengths.assign(given.begin(), given.end());
  } else {
    if (size < 0 || parts == 0) c.fail("splits a size that is not known");
    const index_t each = (size + parts - 1) / parts;  // the last part may be shorter
    for (index_t left = size; static_cast<index_t>(lengths.size()) < parts; left -= each)
      lengths.push_back(std::clamp<index_t>(left, 0, each));
  }
  if (static_cast<index_t>(lengths.size()) != parts) c.fail(lengths.size(), " lengths for ", parts, " outputs");
  index_t at = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const index_t left = size < 0 ? index_t{1} << 32 : size - at;
    if (lengths[i] < 0 || lengths[i] > left) c.fail("a part of ", lengths[i], " of ", size);
    entry e;
    e.value = c.add_hidden(slice{{at}, {at + lengths[i]}, {1}, {static_cast<int>(axis)}}, {x}, n.outputs[i]);
    c.set(n.outputs[i], e);
    at += lengths[i];
  }
  if (size >= 0 && at != size) c.fail("parts of ", at, " in all, of ", size);
}

inline void read_constant_of_shape(context& c) {
  known k;
  k.sizes = c.integers(0);
  double value = 0;
  k.real = true;
  if (const auto* t = c.current().find("value")) {
    const known one = to_known(t->t);
    if (one.count() != 1) c.fail("a value of ", one.count(), " numbers");
    value = one.values[0];
    k.real = one.real;
  }
  index_t count = 1;
  for (index_t s : k.sizes) {
    if (s < 0 || (s > 0 && count > c.room() / s)) c.fail("a size of ", s);
    count *= s;
  }
  k.values.assign(static_cast<std::size_t>(count), value);
  c.set_known(std::move(k));
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
