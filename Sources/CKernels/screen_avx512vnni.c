// Two groups a step: up to 16 sums in registers, and each broadcast of a query is used twice.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512vnni"))), apply_to = function)
#include "screen.h"
#include "screen_512.h"

INLINE void screen(
    const int seats, const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads,
    const int32_t *queries, fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    screen_pass pass = screen_begin(users);
    for (ptrdiff_t g = 0; g < groups; g += 2, order += 32, count -= 32) {
        int32_t limits[2][USERS] __attribute__((aligned(32)));
        screen_limits(&pass, meta + g, limits[0]);
        screen_limits(&pass, meta + g + 1, limits[1]);
        const uint8_t *group = items + g * quads * 64;
        prefetch_groups(group, quads);
        __m512i first[USERS], second[USERS];
#pragma clang loop unroll(full)
        for (int u = 0; u < seats; u++) first[u] = second[u] = _mm512_setzero_si512();
        for (ptrdiff_t q = 0; q < quads; q++) {
            __m512i one = _mm512_load_si512(group + q * 64), two = _mm512_load_si512(group + (quads + q) * 64);
#pragma clang loop unroll(full)
            for (int u = 0; u < seats; u++) {
                __m512i query = _mm512_set1_epi32(queries[q * USERS + u]);
                first[u] = _mm512_dpbusd_epi32(first[u], one, query);
                second[u] = _mm512_dpbusd_epi32(second[u], two, query);
            }
        }
#pragma clang loop unroll(full)
        for (int u = 0; u < seats; u++) {
            __mmask16 a = _mm512_cmpgt_epi32_mask(first[u], _mm512_set1_epi32(limits[0][u]));
            __mmask16 b = _mm512_cmpgt_epi32_mask(second[u], _mm512_set1_epi32(limits[1][u]));
            if (__builtin_expect((a | b) != 0, 0)) {
                if (a) append(users + u, meta + g, a, first[u], order, count);
                if (b) append(users + u, meta + g + 1, b, second[u], order + 16, count - 16);
            }
        }
    }
}

#define BODY(seats) screen(seats, items, meta, groups, quads, queries, users, order, count)

void fk_screen_avx512vnni(
    const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads, const int32_t *queries,
    fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    SCREEN_BY_SEATS(BODY)
}
#pragma clang attribute pop
#endif
