// Which values are the largest; comes after lanes.h.
typedef int32_t i16 __attribute__((vector_size(64), aligned(64)));
typedef uint64_t u8 __attribute__((vector_size(64)));

INLINE f16 load_anywhere(const float *p) {
    f16 x;
    memcpy(&x, p, sizeof x);
    return x;
}

INLINE int32_t reaching(const float *values, ptrdiff_t count, float bar) {
    i16 total = {0};
    f16 bars = splat(bar);
    for (ptrdiff_t i = 0; i < count; i += 16) total -= load_anywhere(values + i) >= bars;
    int32_t n = 0;
    for (int i = 0; i < 16; i++) n += total[i];
    return n;
}

// Bisects for a bar that at least k of the values reach, and few more; -infinity where they are too far apart.
float VARIANT(fk_bar)(float *values, ptrdiff_t count, ptrdiff_t k) {
    f16 lows = splat(INFINITY), highs = splat(-INFINITY);
    for (ptrdiff_t i = count; i < (count + 15) / 16 * 16; i++) values[i] = values[0];
    for (ptrdiff_t i = 0; i < count; i += 16) {
        lows = __builtin_elementwise_min(lows, load_anywhere(values + i));
        highs = __builtin_elementwise_max(highs, load_anywhere(values + i));
    }
    for (ptrdiff_t i = count; i < (count + 15) / 16 * 16; i++) values[i] = -INFINITY;
    float low = lows[0], high = highs[0];
    for (int i = 1; i < 16; i++) {
        low = lows[i] < low ? lows[i] : low;
        high = highs[i] > high ? highs[i] : high;
    }
    if (!(high - low < INFINITY)) return -INFINITY;
    for (int step = 0; step < 16; step++) {
        float middle = low + (high - low) * 0.5f;
        int32_t n = reaching(values, count, middle);
        if (n >= k) low = middle;
        else high = middle;
        if (n >= k && n <= k + k / 16) break;
    }
    return low;
}

// Values of a table, times those of a second one where there is one; gives the largest, or 0. Indices are distinct.
float VARIANT(fk_gather)(
    float *table, const float *factors, const int32_t *indices, ptrdiff_t count, float *out) {
    f16 largest = splat(0);
    ptrdiff_t whole = count / 16 * 16;
    for (ptrdiff_t i = 0; i < whole; i += 16) {
        f16 x;
        for (int j = 0; j < 16; j++) x[j] = table[indices[i + j]];
        if (factors) {
            f16 y;
            for (int j = 0; j < 16; j++) y[j] = factors[indices[i + j]];
            x *= y;
            for (int j = 0; j < 16; j++) table[indices[i + j]] = x[j];
        }
        memcpy(out + i, &x, sizeof x);
        largest = __builtin_elementwise_max(largest, x);
    }
    float result = 0;
    for (int j = 0; j < 16; j++) result = largest[j] > result ? largest[j] : result;
    for (ptrdiff_t i = whole; i < count; i++) {
        if (factors) table[indices[i]] *= factors[indices[i]];
        out[i] = table[indices[i]];
        result = out[i] > result ? out[i] : result;
    }
    return result;
}

// places[i] = how many keys come before keys[i]: smaller ones, and equal ones that stand before it. The keys are padded to a
// multiple of 8.
void VARIANT(fk_places)(const uint64_t *keys, ptrdiff_t count, int32_t *places) {
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        u8 all = {key, key, key, key, key, key, key, key}, total = {0};
        ptrdiff_t before = i / 8 * 8;
        for (ptrdiff_t j = 0; j < before; j += 8) {
            u8 others;
            memcpy(&others, keys + j, sizeof others);
            total -= (u8)(others <= all);
        }
        for (ptrdiff_t j = before; j < count; j += 8) {
            u8 others;
            memcpy(&others, keys + j, sizeof others);
            total -= (u8)(others < all);
        }
        uint64_t place = 0;
        for (int j = 0; j < 8; j++) place += total[j];
        for (ptrdiff_t j = before; j < i; j++) place += keys[j] == key;
        places[i] = (int32_t)place;
    }
}
