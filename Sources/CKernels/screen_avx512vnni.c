// Two groups a step: 16 sums in registers, and each broadcast of a query is used twice.
#include <immintrin.h>
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512vnni"))), apply_to = function)
#include "screen.h"

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

void fk_screen_avx512vnni(
    const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads, const int32_t *queries,
    fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    screen_pass pass = screen_begin(users);
    for (ptrdiff_t g = 0; g < groups; g += 2, order += 32, count -= 32) {
        int32_t limits[2][USERS] __attribute__((aligned(32)));
        screen_limits(&pass, meta + g, limits[0]);
        screen_limits(&pass, meta + g + 1, limits[1]);
        const uint8_t *group = items + g * quads * 64;
        __m512i first[USERS], second[USERS];
#pragma clang loop unroll(full)
        for (int u = 0; u < USERS; u++) first[u] = second[u] = _mm512_setzero_si512();
        for (ptrdiff_t q = 0; q < quads; q++) {
            __m512i one = _mm512_load_si512(group + q * 64), two = _mm512_load_si512(group + (quads + q) * 64);
#pragma clang loop unroll(full)
            for (int u = 0; u < USERS; u++) {
                __m512i query = _mm512_set1_epi32(queries[q * USERS + u]);
                first[u] = _mm512_dpbusd_epi32(first[u], one, query);
                second[u] = _mm512_dpbusd_epi32(second[u], two, query);
            }
        }
#pragma clang loop unroll(full)
        for (int u = 0; u < USERS; u++) {
            __mmask16 a = _mm512_cmpgt_epi32_mask(first[u], _mm512_set1_epi32(limits[0][u]));
            __mmask16 b = _mm512_cmpgt_epi32_mask(second[u], _mm512_set1_epi32(limits[1][u]));
            if (__builtin_expect((a | b) != 0, 0)) {
                if (a) append(users + u, meta + g, a, first[u], order, count);
                if (b) append(users + u, meta + g + 1, b, second[u], order + 16, count - 16);
            }
        }
    }
}
#pragma clang attribute pop
