/*
 * Rolls the dynamics net (16 state, 8 action, hidden 64) forward for many candidates, one to a thread: draws the candidate
 * (CandidateSampler), steps the net (DynamicsNet), adds up the cost (PlanCost), and picks the best on the device.
 *
 * The device's image is rollout.ptx beside this file; make-ptx.sh makes it with
 *   clang-19 -x cuda --cuda-device-only --cuda-gpu-arch=sm_53 --cuda-feature=+ptx60 -nocudainc -nocudalib -O3 -ffp-contract=off -S
 * No CUDA toolkit is needed. PTX for sm_53 is compiled by the driver of any later chip, from the first Jetson Nano on.
 *
 * The same text is C: the tests compile it for the host behind a libcuda.so.1 of their own. A loop FOR_THREADS is then a real one, on
 * the device each thread goes through it once. Sums run in the order of DynamicsNet.Step, fused where it multiplies and adds and
 * nowhere else, so that the engines agree.
 */

enum { STATE = 16, ACTION = 8, HIDDEN = 64, INPUTS = STATE + ACTION, BLOCK = 64, BEST_BLOCK = 256 };

/* Where each part of the net begins, in floats. */
enum {
    WEIGHTS1 = 0,
    BIAS1 = WEIGHTS1 + INPUTS * HIDDEN,
    WEIGHTS2 = BIAS1 + HIDDEN,
    BIAS2 = WEIGHTS2 + HIDDEN * HIDDEN,
    WEIGHTS3 = BIAS2 + HIDDEN,
    BIAS3 = WEIGHTS3 + HIDDEN * STATE,
    NET = BIAS3 + STATE
};

#ifdef __CUDA__
#define INLINE static __attribute__((device)) __attribute__((always_inline))
#define SHARED __attribute__((shared)) __attribute__((aligned(16)))
#define KERNEL extern "C" __attribute__((global))
#define FOR_THREADS(t) for (int t = __nvvm_read_ptx_sreg_tid_x(), t##_once = 1; t##_once; t##_once = 0)
#define SYNC() __syncthreads()
#define BLOCK_INDEX ((int)__nvvm_read_ptx_sreg_ctaid_x())
#define BLOCK_SIZE ((int)__nvvm_read_ptx_sreg_ntid_x())
#define UNROLLED _Pragma("unroll")
#define ROLLED _Pragma("nounroll")
#else
static int host_block_index, host_block_size;
#define INLINE static inline
#define SHARED static __attribute__((aligned(16)))
#define KERNEL static
#define FOR_THREADS(t) for (int t = 0; t < host_block_size; t++)
#define SYNC() ((void)0)
#define BLOCK_INDEX host_block_index
#define BLOCK_SIZE host_block_size
#define UNROLLED
#define ROLLED
#endif

/* Four neighbours, read at once. */
typedef float quad __attribute__((vector_size(16), may_alias));

/* As CudaRolloutEngine fills it: pointers of the device first, then words of four bytes. */
struct rollout_arguments {
    const float *net;
    const float *problem; /* state, known [steps][ACTION], low [steps], high [steps], allowed [steps], given [given][steps] */
    const float *states;  /* [count][STATE] for given actions; null for a plan */
    const float *actions; /* [count][steps][ACTION] */
    float *costs;         /* [count] */
    float *moisture;      /* [steps][count]: percent for a plan, normalised for given actions */
    int steps, count, given, levels;
    unsigned seed;
    float scale, offset, max_fraction, litres_per_hour, budget_litres;
    float band_linear, band_squared, litre, start, over_budget;
};

struct best_arguments {
    const float *costs;
    const float *moisture; /* [steps][count] */
    float *best;           /* [best][2 + steps]: index as bits, cost, percent; index -1 where there are fewer */
    int steps, count, wanted;
};

/* Both keep what is no number, as .NET's MathF.Max does and fmaxf does not. */
INLINE float positive(float x) { return x < 0 ? 0 : x; }

INLINE float clamp01(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

INLINE unsigned word(unsigned seed, unsigned candidate, unsigned draw)
{
    unsigned x = seed + candidate * 0x9E3779B1u + draw * 0x85EBCA77u;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    return x;
}

INLINE float uniform(unsigned seed, unsigned candidate, unsigned draw) { return (float)(word(seed, candidate, draw) >> 8) * (1.0f / 16777216); }

INLINE float density(unsigned seed, unsigned candidate)
{
    unsigned which = word(seed, candidate, 0xFFFFFFFFu) >> 30;
    return which == 0 ? 1.0f / 24 : which == 1 ? 1.0f / 12 : which == 2 ? 1.0f / 6 : 1.0f / 3;
}

INLINE float fraction_of(const struct rollout_arguments *a, const float *allowed, const float *given, int candidate, int step)
{
    if (candidate < a->given) return given[candidate * a->steps + step];
    if (allowed[step] == 0 || !(uniform(a->seed, candidate, step * 2u) < density(a->seed, candidate))) return 0;
    int level = 1 + (int)(uniform(a->seed, candidate, step * 2u + 1) * (float)a->levels);
    return (float)level * a->max_fraction / (float)a->levels;
}

/* sum[o] += x * row[o] */
INLINE void add_row(float *sum, float x, const float *row, int outputs)
{
    UNROLLED for (int o = 0; o < outputs; o += 4) {
        quad four = *(const quad *)(row + o);
        UNROLLED for (int k = 0; k < 4; k++) sum[o + k] = __builtin_fmaf(x, four[k], sum[o + k]);
    }
}

INLINE void copy_row(float *to, const float *row)
{
    UNROLLED for (int o = 0; o < HIDDEN; o += 4) {
        quad four = *(const quad *)(row + o);
        UNROLLED for (int k = 0; k < 4; k++) to[o + k] = four[k];
    }
}

/* One step of the net. Column: this thread's numbers of a table [HIDDEN][BLOCK]; the first INPUTS hold state and action. */
INLINE void step_net(const float *net, float *column, float *state)
{
    float sum[HIDDEN];
    copy_row(sum, net + BIAS1);
    ROLLED for (int i = 0; i < INPUTS; i++) add_row(sum, column[i * BLOCK], net + WEIGHTS1 + i * HIDDEN, HIDDEN);
    UNROLLED for (int o = 0; o < HIDDEN; o++) column[o * BLOCK] = positive(sum[o]);
    copy_row(sum, net + BIAS2);
    ROLLED for (int i = 0; i < HIDDEN; i++) add_row(sum, column[i * BLOCK], net + WEIGHTS2 + i * HIDDEN, HIDDEN);
    UNROLLED for (int o = 0; o < HIDDEN; o++) column[o * BLOCK] = positive(sum[o]);
    UNROLLED for (int o = 0; o < STATE; o++) state[o] += net[BIAS3 + o];
    ROLLED for (int i = 0; i < HIDDEN; i++) add_row(state, column[i * BLOCK], net + WEIGHTS3 + i * STATE, STATE);
}

INLINE void roll(const struct rollout_arguments *a, const float *net, float *column, int candidate)
{
    const int steps = a->steps;
    const float *known = a->problem + STATE, *low = known + steps * ACTION, *high = low + steps, *allowed = high + steps, *given = allowed + steps;
    const float *first = a->states ? a->states + (long)candidate * STATE : a->problem;
    float state[STATE], cost = 0, litres = 0;
    UNROLLED for (int s = 0; s < STATE; s++) state[s] = first[s];
    ROLLED for (int step = 0; step < steps; step++) {
        float fraction = 0;
        UNROLLED for (int s = 0; s < STATE; s++) column[s * BLOCK] = state[s];
        if (a->states) {
            const float *row = a->actions + ((long)candidate * steps + step) * ACTION;
            UNROLLED for (int c = 0; c < ACTION; c++) column[(STATE + c) * BLOCK] = row[c];
        } else {
            fraction = fraction_of(a, allowed, given, candidate, step);
            UNROLLED for (int q = 0; q < 4; q++) column[(STATE + q) * BLOCK] = clamp01(fraction * 4 - (float)q);
            UNROLLED for (int c = 4; c < ACTION; c++) column[(STATE + c) * BLOCK] = known[step * ACTION + c];
        }

        step_net(net, column, state);
        float moisture = state[0];
        if (!a->states) {
            moisture = moisture * a->scale + a->offset;
            float outside = positive(low[step] - moisture) + positive(moisture - high[step]);
            cost += a->band_linear * outside + a->band_squared * outside * outside;
            if (fraction > 0) {
                litres += fraction * a->litres_per_hour;
                cost += a->start;
            }
        }

        a->moisture[(long)step * a->count + candidate] = moisture;
    }

    if (a->states) return;
    float over = positive(litres - a->budget_litres);
    cost += a->litre * litres + a->over_budget * over * over;
    a->costs[candidate] = cost != cost ? __builtin_inff() : cost;
}

KERNEL void rollouts(struct rollout_arguments a)
{
    SHARED float net[NET];
    SHARED float table[HIDDEN * BLOCK];
    FOR_THREADS(t) {
        ROLLED for (int i = t; i < NET; i += BLOCK_SIZE) net[i] = a.net[i];
    }

    SYNC();
    FOR_THREADS(t) {
        int candidate = BLOCK_INDEX * BLOCK_SIZE + t;
        if (candidate < a.count) roll(&a, net, table + t, candidate);
    }
}

/* Costs in the order of numbers, equal ones by index, as one word. */
INLINE unsigned long long key_of(float cost, int candidate)
{
    union { float number; unsigned bits; } view;
    view.number = cost;
    unsigned ordered = view.bits & 0x80000000u ? ~view.bits : view.bits | 0x80000000u;
    return (unsigned long long)ordered << 32 | (unsigned)candidate;
}

/* One block. Each turn finds the smallest key above the one before. */
KERNEL void best(struct best_arguments a)
{
    SHARED unsigned long long least[BEST_BLOCK];
    unsigned long long above = 0;
    ROLLED for (int rank = 0; rank < a.wanted; rank++) {
        FOR_THREADS(t) {
            unsigned long long mine = ~0ull;
            ROLLED for (int c = t; c < a.count; c += BLOCK_SIZE) {
                unsigned long long key = key_of(a.costs[c], c);
                if (key < mine && (rank == 0 || key > above)) mine = key;
            }

            least[t] = mine;
        }

        SYNC();
        ROLLED for (int half = BLOCK_SIZE / 2; half > 0; half /= 2) {
            FOR_THREADS(t) {
                if (t < half && least[t + half] < least[t]) least[t] = least[t + half];
            }

            SYNC();
        }

        above = least[0];
        int index = above == ~0ull ? -1 : (int)(unsigned)above;
        float *row = a.best + rank * (2 + a.steps);
        FOR_THREADS(t) {
            if (t == 0) {
                union { int bits; float number; } view;
                view.bits = index;
                row[0] = view.number;
                row[1] = index < 0 ? 0 : a.costs[index];
            }

            ROLLED for (int step = t; step < a.steps; step += BLOCK_SIZE) row[2 + step] = index < 0 ? 0 : a.moisture[(long)step * a.count + index];
        }

        SYNC();
    }
}
