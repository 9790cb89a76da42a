// The plain twin of the screening kernels.
#include "screen.h"

void fk_screen_plain(
    const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads, const int32_t *queries,
    fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    screen_pass pass = screen_begin(users);
    int seats = screen_seats(users, USERS);
    for (ptrdiff_t g = 0; g < groups; g++, order += 16, count -= 16) {
        int32_t limits[USERS] __attribute__((aligned(32)));
        screen_limits(&pass, meta + g, limits);
        for (int u = 0; u < seats; u++) {
            int32_t sums[16] = {0};
            for (ptrdiff_t q = 0; q < quads; q++) {
                const uint8_t *item = items + (g * quads + q) * 64;
                const int8_t *query = (const int8_t *)(queries + q * USERS + u);
                for (int i = 0; i < 16; i++) {
                    for (int d = 0; d < 4; d++) sums[i] += item[4 * i + d] * query[d];
                }
            }
            uint32_t mask = 0;
            for (int i = 0; i < 16; i++) mask |= (uint32_t)(sums[i] > limits[u]) << i;
            if (mask) screen_append(users + u, meta + g, mask, sums, order, count);
        }
    }
}
