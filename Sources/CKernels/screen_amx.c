// Sixteen users a pass: one tile product gives all sums of 16 users with the 16 items of a group over 64 dimensions.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,amx-tile,amx-int8"))), apply_to = function)
#include "screen.h"
#include "screen_512.h"

enum { AHEAD = 2, TILE_QUADS = 16 };

typedef struct {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

// Tiles 0 and 1 hold sums, 4 whole queries, 3 and 5 items, 6 and 7 those of the last dimensions.
static void shape_tiles(ptrdiff_t rest) {
    tile_shapes shapes __attribute__((aligned(64))) = {.palette = 1};
    for (int t = 0; t < 6; t++) {
        shapes.row_bytes[t] = 64;
        shapes.rows[t] = 16;
    }
    if (rest > 0) {
        shapes.row_bytes[6] = (uint16_t)(4 * rest);
        shapes.rows[6] = 16;
        shapes.row_bytes[7] = 64;
        shapes.rows[7] = (uint8_t)rest;
    }
    _tile_loadconfig(&shapes);
}

// One tile of dimensions, the usual case: the queries stay in tile 4.
#define SUM_ONE(tile, other, group)                                                                                    \
    _tile_zero(tile);                                                                                                  \
    _tile_loadd(other, group, 64);                                                                                     \
    _tile_dpbsud(tile, 4, other);

#define SUM_MANY(tile, group)                                                                                          \
    _tile_zero(tile);                                                                                                  \
    for (ptrdiff_t q = 0; q < whole; q += TILE_QUADS) {                                                                \
        _tile_loadd(4, (const uint8_t *)queries + 4 * q, 4 * quads);                                                   \
        _tile_loadd(5, (group) + q * 64, 64);                                                                          \
        _tile_dpbsud(tile, 4, 5);                                                                                      \
    }                                                                                                                  \
    if (rest > 0) {                                                                                                    \
        _tile_loadd(6, (const uint8_t *)queries + 4 * whole, 4 * quads);                                               \
        _tile_loadd(7, (group) + whole * 64, 64);                                                                      \
        _tile_dpbsud(tile, 6, 7);                                                                                      \
    }

void fk_screen_amx(
    const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads, const int32_t *queries,
    fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    int seats = screen_seats(users, 2 * USERS);
    ptrdiff_t rest = quads % TILE_QUADS, whole = quads - rest;
    screen_pass low = screen_begin(users), high = screen_begin(users + USERS);
    int32_t sums[AHEAD][2 * USERS][16] __attribute__((aligned(64)));
    int32_t limits[AHEAD][2 * USERS] __attribute__((aligned(64)));
    shape_tiles(rest);
    if (quads == TILE_QUADS) _tile_loadd(4, queries, 64);
    for (ptrdiff_t g = 0; g < groups; g += AHEAD, order += 16 * AHEAD, count -= 16 * AHEAD) {
        const uint8_t *group = items + g * quads * 64;
        prefetch_groups(group, quads);
        if (quads == TILE_QUADS) {
            SUM_ONE(0, 5, group)
            SUM_ONE(1, 3, group + quads * 64)
        } else {
            SUM_MANY(0, group)
            SUM_MANY(1, group + quads * 64)
        }
        for (int i = 0; i < AHEAD; i++) {
            screen_limits(&low, meta + g + i, limits[i]);
            if (seats > USERS) screen_limits(&high, meta + g + i, limits[i] + USERS);
        }
        _tile_stored(0, sums[0], 64);
        _tile_stored(1, sums[1], 64);
        for (int u = 0; u < seats; u++) {
            __m512i first = _mm512_load_si512(sums[0][u]), second = _mm512_load_si512(sums[1][u]);
            __mmask16 a = _mm512_cmpgt_epi32_mask(first, _mm512_set1_epi32(limits[0][u]));
            __mmask16 b = _mm512_cmpgt_epi32_mask(second, _mm512_set1_epi32(limits[1][u]));
            if (__builtin_expect((a | b) != 0, 0)) {
                if (a) append(users + u, meta + g, a, first, order, count);
                if (b) append(users + u, meta + g + 1, b, second, order + 16, count - 16);
            }
        }
    }
    _tile_release();
}
#pragma clang attribute pop
#endif
