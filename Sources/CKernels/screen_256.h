// The 256-bit screening kernels: VARIANT(name) names one, MULTIPLY(sum, items, query) adds four products to each lane.
#include <immintrin.h>

#include "screen.h"

// Eight items at a time; the second half of a group lies 32 bytes behind the first.
INLINE void score_half(
    const int seats, const uint8_t *items, ptrdiff_t quads, const int32_t *queries, __m256i *sums) {
#pragma clang loop unroll(full)
    for (int u = 0; u < seats; u++) sums[u] = _mm256_setzero_si256();
    for (ptrdiff_t q = 0; q < quads; q++) {
        __m256i item = _mm256_load_si256((const __m256i *)(items + q * 64));
#pragma clang loop unroll(full)
        for (int u = 0; u < seats; u++) {
            MULTIPLY(sums[u], item, _mm256_set1_epi32(queries[q * USERS + u]));
        }
    }
}

INLINE void screen(
    const int seats, const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads,
    const int32_t *queries, fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    screen_pass pass = screen_begin(users);
    for (ptrdiff_t g = 0; g < groups; g++, order += 16, count -= 16) {
        int32_t limits[USERS] __attribute__((aligned(32)));
        screen_limits(&pass, meta + g, limits);
        const uint8_t *group = items + g * quads * 64;
        __m256i first[USERS], second[USERS];
        score_half(seats, group, quads, queries, first);
        score_half(seats, group + 32, quads, queries, second);
#pragma clang loop unroll(full)
        for (int u = 0; u < seats; u++) {
            __m256i limit = _mm256_set1_epi32(limits[u]);
            uint32_t low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(first[u], limit)));
            uint32_t high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(second[u], limit)));
            if (__builtin_expect((low | high) != 0, 0)) {
                int32_t sums[16] __attribute__((aligned(32)));
                _mm256_store_si256((__m256i *)sums, first[u]);
                _mm256_store_si256((__m256i *)(sums + 8), second[u]);
                screen_append(users + u, meta + g, low | high << 8, sums, order, count);
            }
        }
    }
}

#define BODY(seats) screen(seats, items, meta, groups, quads, queries, users, order, count)

void VARIANT(fk_screen)(
    const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads, const int32_t *queries,
    fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    SCREEN_BY_SEATS(BODY)
}
