// The plain twin of the screening kernels, and what happens to candidates afterwards.
#include <math.h>

#include "screen.h"

void fk_screen_plain(
    const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads, const int32_t *queries,
    fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    screen_pass pass = screen_begin(users);
    for (ptrdiff_t g = 0; g < groups; g++, order += 16, count -= 16) {
        int32_t limits[USERS] __attribute__((aligned(32)));
        screen_limits(&pass, meta + g, limits);
        for (int u = 0; u < USERS; u++) {
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

static int32_t reaching(const float *values, int32_t count, float bar) {
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++) n += values[i] >= bar;
    return n;
}

// Bisects for a bar that between k and a few more lower bounds reach; any bar that k of them reach is a true one.
static float kth_lower(const float *lower, int32_t count, int32_t k) {
    float low = INFINITY, high = -INFINITY;
    for (int32_t i = 0; i < count; i++) {
        low = lower[i] < low ? lower[i] : low;
        high = lower[i] > high ? lower[i] : high;
    }
    for (int step = 0; step < 14; step++) {
        float middle = low + (high - low) * 0.5f;
        int32_t n = reaching(lower, count, middle);
        if (n >= k) low = middle;
        else high = middle;
        if (n >= k && n <= k + k / 16) break;
    }
    return low;
}

void fk_tighten(fk_screen_user *user, int32_t k) {
    if (user->count < k || k == 0) return;
    float bar = kth_lower(user->lower, user->count, k);
    if (bar > user->threshold) user->threshold = bar;
    float threshold = (float)user->threshold;
    int32_t kept = 0;
    for (int32_t i = 0; i < user->count; i++) {
        float upper = user->upper[i];
        user->indices[kept] = user->indices[i];
        user->lower[kept] = user->lower[i];
        user->upper[kept] = upper;
        kept += upper >= threshold;
    }
    user->count = kept;
}

void fk_rank_keys(
    const float *scores, const int32_t *indices, const uint32_t *ranks, ptrdiff_t count, fk_ranked *out) {
    for (ptrdiff_t i = 0; i < count; i++) {
        // Adding zero makes -0 and 0 the same score.
        union {
            float value;
            uint32_t bits;
        } score = {.value = scores[i] == scores[i] ? scores[i] + 0.0f : -INFINITY};
        uint32_t ascending = score.bits >> 31 ? ~score.bits : score.bits | 0x80000000u;
        out[i] = (fk_ranked){(uint64_t)~ascending << 32 | ranks[indices[i]], indices[i], score.value};
    }
}

static bool before(const fk_ranked *a, const fk_ranked *b) {
    return a->key < b->key || (a->key == b->key && a->index < b->index);
}

// Merges runs of 16 that insertion has put in order.
void fk_sort_ranked(fk_ranked *items, fk_ranked *scratch, ptrdiff_t count) {
    for (ptrdiff_t start = 0; start < count; start += 16) {
        ptrdiff_t stop = start + 16 < count ? start + 16 : count;
        for (ptrdiff_t i = start + 1; i < stop; i++) {
            fk_ranked moving = items[i];
            ptrdiff_t j = i;
            for (; j > start && before(&moving, &items[j - 1]); j--) items[j] = items[j - 1];
            items[j] = moving;
        }
    }
    fk_ranked *from = items, *to = scratch;
    for (ptrdiff_t width = 16; width < count; width *= 2) {
        for (ptrdiff_t start = 0; start < count; start += 2 * width) {
            ptrdiff_t middle = start + width < count ? start + width : count;
            ptrdiff_t stop = start + 2 * width < count ? start + 2 * width : count;
            ptrdiff_t a = start, b = middle;
            for (ptrdiff_t i = start; i < stop; i++) {
                bool left = b >= stop || (a < middle && !before(&from[b], &from[a]));
                to[i] = left ? from[a++] : from[b++];
            }
        }
        fk_ranked *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) {
        for (ptrdiff_t i = 0; i < count; i++) items[i] = from[i];
    }
}
