// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/bipolar.hpp>
#include <equant/formats/codebook.hpp>
#include <equant/formats/dead_zone.hpp>
#include <equant/formats/e8m0.hpp>
#include <equant/formats/integer.hpp>
#include <equant/formats/iq4.hpp>
#include <equant/formats/minifloat.hpp>
#include <equant/formats/nf4.hpp>
#include <equant/formats/power_of_two.hpp>

/// Every format by name, so that a new one is tested and swept by being listed.
namespace equant::inline EQUANT_ABI::formats {

template <class... Format>
struct list {};

template <class A, class B>
struct joined;
template <class... A, class... B>
struct joined<list<A...>, list<B...>> {
  using type = list<A..., B...>;
};

using signed_integers =
    list<integer<1>, integer<2>, integer<3>, integer<4>, integer<5>, integer<6>, integer<7>, integer<8>,
         integer<9>, integer<10>, integer<11>, integer<12>, integer<13>, integer<14>, integer<15>,
         integer<16>>;
using unsigned_integers =
    list<unsigned_integer<1>, unsigned_integer<2>, unsigned_integer<3>, unsigned_integer<4>,
         unsigned_integer<5>, unsigned_integer<6>, unsigned_integer<7>, unsigned_integer<8>,
         unsigned_integer<9>, unsigned_integer<10>, unsigned_integer<11>, unsigned_integer<12>,
         unsigned_integer<13>, unsigned_integer<14>, unsigned_integer<15>, unsigned_integer<16>>;
using narrow_integers =
    list<narrow_integer<2>, narrow_integer<3>, narrow_integer<4>, narrow_integer<5>, narrow_integer<6>,
         narrow_integer<7>, narrow_integer<8>, narrow_integer<9>, narrow_integer<10>, narrow_integer<11>,
         narrow_integer<12>, narrow_integer<13>, narrow_integer<14>, narrow_integer<15>,
         narrow_integer<16>>;

using integers =
    joined<joined<signed_integers, unsigned_integers>::type, narrow_integers>::type;
using minifloats = list<fp8_e4m3, fp8_e5m2, fp6_e3m2, fp6_e2m3, fp4_e2m1>;
using codebooks =
    list<codebook<1>, codebook<2>, codebook<3>, codebook<4>, codebook<5>, codebook<6>, codebook<7>, codebook<8>, nf4,
         iq4, power_of_two<2>, power_of_two<4>, power_of_two<8>, additive_power_of_two<3>, additive_power_of_two<4>,
         additive_power_of_two<5>, additive_power_of_two<7>>;
using floats_and_books = joined<minifloats, codebooks>::type;
using all = joined<joined<integers, floats_and_books>::type, list<bipolar, e8m0, dead_zone<5>, dead_zone<16>>>::type;

}  // namespace equant::inline EQUANT_ABI::formats
