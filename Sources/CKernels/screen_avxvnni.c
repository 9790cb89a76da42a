#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)
#define VARIANT(name) name##_avxvnni
#define MULTIPLY(sum, items, query) sum = _mm256_dpbusd_avx_epi32(sum, items, query)
#include "screen_256.h"
#pragma clang attribute pop
#endif
