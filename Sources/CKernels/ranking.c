// What happens to candidates after the screen.
#include <math.h>

#include "variants.h"

void fk_tighten(int32_t level, fk_screen_user *user, int32_t k) {
    if (user->count < k || k == 0) return;
    float bar = fk_bar(level, user->lower, user->count, k);
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

// Falling scores as rising integers. -0 and 0 are one score, and what is not a number is -infinity.
static uint64_t key_of(float score, uint32_t rank) {
    union {
        float value;
        uint32_t bits;
    } number = {.value = score};
    uint32_t ascending = number.bits >> 31 ? ~number.bits : number.bits | 0x80000000u;
    return (uint64_t)~ascending << 32 | rank;
}

// Merges runs of one, two, four …
static void sort(fk_ranked *items, fk_ranked *scratch, ptrdiff_t count) {
    fk_ranked *from = items, *to = scratch;
    for (ptrdiff_t width = 1; width < count; width *= 2) {
        for (ptrdiff_t start = 0; start < count; start += 2 * width) {
            ptrdiff_t middle = start + width < count ? start + width : count;
            ptrdiff_t stop = start + 2 * width < count ? start + 2 * width : count;
            ptrdiff_t a = start, b = middle;
            for (ptrdiff_t i = start; i < stop; i++) {
                bool left = b >= stop || (a < middle && from[a].key <= from[b].key);
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

enum { COUNTED = 256 };  // Up to here, counting smaller keys is faster than sorting.

static void place(int32_t level, fk_ranked *items, fk_ranked *scratch, ptrdiff_t count) {
    uint64_t keys[COUNTED];
    int32_t places[COUNTED];
    for (ptrdiff_t i = 0; i < count; i++) {
        keys[i] = items[i].key;
        scratch[i] = items[i];
    }
    for (ptrdiff_t i = count; i < (count + 7) / 8 * 8; i++) keys[i] = UINT64_MAX;
    fk_places(level, keys, count, places);
    for (ptrdiff_t i = 0; i < count; i++) items[places[i]] = scratch[i];
}

ptrdiff_t fk_rank(
    int32_t level, float *scores, const int32_t *indices, const uint32_t *ranks, ptrdiff_t count, ptrdiff_t k,
    fk_ranked *out, fk_ranked *scratch) {
    if (count == 0 || k == 0) return 0;
    for (ptrdiff_t i = 0; i < count; i++) scores[i] = scores[i] == scores[i] ? scores[i] + 0.0f : -INFINITY;
    float bar = count > k ? fk_bar(level, scores, count, k) : -INFINITY;
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        out[kept] = (fk_ranked){key_of(scores[i], ranks[indices[i]]), indices[i], scores[i]};
        kept += scores[i] >= bar;
    }
    if (kept <= COUNTED) place(level, out, scratch, kept);
    else sort(out, scratch, kept);
    return kept;
}
