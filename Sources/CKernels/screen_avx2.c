// vpmaddubsw adds two products in 16 bits: 2 * 255 * 63 fits, which is why queries have 7 bits here.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define VARIANT(name) name##_avx2
#define MULTIPLY(sum, items, query)                                                                                    \
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(items, query), _mm256_set1_epi16(1)))
#include "screen_256.h"
#pragma clang attribute pop
#endif
