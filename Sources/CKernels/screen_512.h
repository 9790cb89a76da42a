// What the 512-bit screening kernels share.
#pragma once
#include <immintrin.h>

#include "screen.h"

// screen_append with one compressing store for each list.
static __attribute__((noinline)) void append(
    fk_screen_user *user, const fk_screen_group *group, __mmask16 mask, __m512i sums, const int32_t *order,
    ptrdiff_t count) {
    if (count < 16) mask &= (1u << (count > 0 ? count : 0)) - 1;
    __m512 scale = _mm512_set1_ps((float)(user->scale * group->scale));
    __m512 error = _mm512_set1_ps(
        (float)(user->item_error * group->error + user->item_norm * group->norm + SCREEN_FLOOR));
    __m512i scores = _mm512_add_epi32(sums, _mm512_set1_epi32(user->bias));
    __m512 score = _mm512_mul_ps(_mm512_cvtepi32_ps(scores), scale);
    int32_t n = user->count;
    _mm512_storeu_si512(user->indices + n, _mm512_maskz_compress_epi32(mask, _mm512_loadu_si512(order)));
    _mm512_storeu_ps(user->lower + n, _mm512_maskz_compress_ps(mask, _mm512_sub_ps(score, error)));
    _mm512_storeu_ps(user->upper + n, _mm512_maskz_compress_ps(mask, _mm512_add_ps(score, error)));
    user->count = n + __builtin_popcount(mask);
}

// The index is larger than the second cache, and the hardware's own prefetching comes late.
INLINE void prefetch_groups(const uint8_t *group, ptrdiff_t quads) {
    const uint8_t *ahead = group + 8 * quads * 64;
    for (ptrdiff_t q = 0; q < 2 * quads; q++) _mm_prefetch((const char *)ahead + q * 64, _MM_HINT_T0);
}
